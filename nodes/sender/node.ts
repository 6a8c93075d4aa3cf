/** What the routes of the editor see of a send-email node. */
import type { Node } from 'node-red';
import type { Samples } from './samples';

export interface SendEmailNode extends Node {
  /** Null when the node keeps none. */
  samples: Samples | null;
}
