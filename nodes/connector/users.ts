/** The send-email nodes of a connector, and the msgs that wait for the outcome of their mails. */
import type { Node } from 'node-red';
import type { EmailResult, Msg, OutgoingMail } from '../types';
import type { ConnectorUser, Pending } from './node';
import { takerOf } from './takers';

/** The longest time that a stopping connector waits for its nodes to hand over what they hold, ms. */
const HAND_OVER_MS = 1_500;

/** By id of the mail; it outlives the node objects, as the outboxes do. */
const pending = new Map<string, Pending>();

/** Remembers the msgs of a mail until it is finished. */
export function expectOutcome(mailId: string, msgs: Pending): void {
  pending.set(mailId, msgs);
}

/** Forgets the msgs of a mail that was not queued after all. */
export function forgetOutcome(mailId: string): void {
  pending.delete(mailId);
}

/** The msgs of a mail that this process took. */
export function liveMessages(mailId: string): Msg[] | undefined {
  return pending.get(mailId)?.messages;
}

export interface Users {
  add(user: ConnectorUser): void;
  remove(user: ConnectorUser): void;
  all(): ConnectorUser[];
  get(nodeId: string): ConnectorUser | undefined;
  /** Sends an outcome to the node of the mail and ends its msgs; false when that node is gone. */
  report(result: EmailResult, mail: OutgoingMail): boolean;
  /** Asks all nodes to hand over what waits in batches; resolves when they did, or when it takes too long. */
  handOver(): Promise<void>;
}

/** `byId` is the object in which Node-RED looks for the users of a config node; it is kept up to date. */
export function createUsers(byId: Record<string, Node>): Users {
  const users = new Map<string, ConnectorUser>();
  return {
    add(user) {
      users.set(user.node.id, user);
      // A node outside all tabs is in the same flow as the connector: Node-RED would hand on to it without end.
      if (user.node.z) byId[user.node.id] = user.node;
    },
    remove(user) {
      // Its successor of a new deploy may be there already.
      if (users.get(user.node.id) !== user) return;
      users.delete(user.node.id);
      delete byId[user.node.id];
    },
    all: () => [...users.values()],
    get: (nodeId) => users.get(nodeId),
    report(result, mail) {
      const msgs = pending.get(mail.id);
      pending.delete(mail.id);
      const taker = takerOf(mail.nodeId);
      taker?.report(result, msgs !== undefined);
      msgs?.finish(result, taker?.node);
      return taker !== undefined;
    },
    async handOver() {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, HAND_OVER_MS)));
      await Promise.race([Promise.allSettled([...users.values()].map((user) => user.handOver())), late]);
      clearTimeout(timer);
    },
  };
}
