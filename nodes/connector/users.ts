/** The send-email nodes of a connector. */
import type { KeptEvent } from '../store/store';

/** A node object of Node-RED; what is named here tells where it is. */
export interface NodeObject {
  id: string;
  /** The tab or subflow; empty for a node outside of all. */
  z?: string;
}

/** What a send-email node offers to its connector. */
export interface ConnectorUser {
  /** Node-RED hands status and errors of the connector on to it. */
  node: NodeObject;
  /** Puts what waits in batches into the outbox; resolves when that is done. */
  handOver(): Promise<void>;
  /** Takes up events that waited in its batches when an earlier process ended. */
  restore(events: KeptEvent[]): void;
  /** The connector's state or problem changed. */
  connectorChanged(): void;
}

export interface Users {
  add(user: ConnectorUser): void;
  remove(user: ConnectorUser): void;
  all(): ConnectorUser[];
  /** Gives each node its events; the others come back. */
  restore(events: KeptEvent[]): KeptEvent[];
  /** Asks all nodes to hand over what waits in batches; resolves when they did, or when it takes too long. */
  handOver(): Promise<void>;
}

/** The longest time that a stopping connector waits for its nodes to hand over what they hold, ms. */
const HAND_OVER_MS = 1_500;

/** `byId` is the object in which Node-RED looks for the users of a config node; it is kept up to date. */
export function createUsers(byId: Record<string, NodeObject>): Users {
  const users = new Map<string, ConnectorUser>();
  return {
    add(user) {
      const { id, z } = user.node;
      users.set(id, user);
      // A node outside all tabs is in the same flow as the connector: Node-RED would hand on to it without end.
      if (z) byId[id] = user.node;
    },
    remove(user) {
      const { id } = user.node;
      // Its successor of a new deploy may be there already.
      if (users.get(id) !== user) return;
      users.delete(id);
      delete byId[id];
    },
    all: () => [...users.values()],
    restore(events) {
      for (const user of users.values()) {
        user.restore(events.filter(({ nodeId }) => nodeId === user.node.id));
      }
      return events.filter(({ nodeId }) => !users.has(nodeId));
    },
    async handOver() {
      let timer: NodeJS.Timeout | undefined;
      const late = new Promise<void>((resolve) => (timer = setTimeout(resolve, HAND_OVER_MS)));
      await Promise.race([Promise.allSettled([...users.values()].map((user) => user.handOver())), late]);
      clearTimeout(timer);
    },
  };
}
