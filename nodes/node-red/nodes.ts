/** The two nodes, as they and the routes of the editor see each other. */
import type { Node } from 'node-red';
import type { DeployedConnector } from '../connector/deployed-connector';
import type { NodeObject } from '../connector/users';
import type { Samples } from '../sender/samples';

export interface ConnectorNode extends Node {
  /** Node-RED hands status and errors of a shared config node on to the Status and Catch nodes of these. */
  users: Record<string, NodeObject>;
  deployed: DeployedConnector;
}

export interface SendEmailNode extends Node {
  /** Null when the node keeps none. */
  samples: Samples | null;
}
