/** How the two nodes see each other. */
import type { Node } from 'node-red';
import type { KeptEvent } from '../store/store';
import type { Restrictions } from '../mail/recipients/restrictions';
import type { EmailResult, Msg, OutgoingMail } from '../types';
import type { Connector } from './connector';
import type { StatusView } from './status';

/** What a send-email node offers to its connector. */
export interface ConnectorUser {
  node: Node;
  /** Puts what waits in batches into the outbox; resolves when that is done. */
  handOver(): Promise<void>;
  /** Takes up events that waited in its batches when an earlier process ended. */
  restore(events: KeptEvent[]): void;
  /** The connector's state or problem changed. */
  connectorChanged(): void;
}

/** The msgs of a mail, and how to end them when it is finished. */
export interface Pending {
  messages: Msg[];
  /** `live` is the node that took the outcome: a deploy may have made it anew since the msgs came. */
  finish(result: EmailResult, live: Node | undefined): void;
}

export interface ConnectorNode extends Node {
  title: string;
  /** Node-RED hands status and errors of a shared config node on to the Status and Catch nodes of these. */
  users: Record<string, Node>;
  connector: Connector;
  /** The sender of mails that name none: `mail.from`, and the username. */
  sender(): { mailFrom: string | null; username: string; restrictions: Restrictions };
  /** What the connector shows at the moment. */
  view(): StatusView;
  /** Puts a mail, and with it the kept events it holds, into the outbox; `msgs` are ended when it is finished. */
  submit(mail: OutgoingMail, msgs: Pending, events: string[]): Promise<void>;
  register(user: ConnectorUser): void;
  deregister(user: ConnectorUser): void;
}
