/**
 * Who takes the outcomes of mails: the send-email node that took their msgs, whatever connector it uses by now. A deploy takes
 * a node away for a moment and makes it anew; what ends meanwhile waits for it.
 */
import type { Node } from 'node-red';
import type { EmailResult } from '../types';

export interface Taker {
  node: Node;
  /** Sends an outcome into the flow; never throws. `ended` says that its msgs are ended elsewhere. */
  report(result: EmailResult, ended: boolean): void;
}

const present = new Map<string, Taker>();

/** Nodes that will be back, and what is to be done then. */
const away = new Map<string, (() => void)[]>();

/** A node is there; outcomes that waited for it are told when `flows` are there to take them. */
export function takerCame(taker: Taker, flows: Promise<void>): void {
  const { id } = taker.node;
  present.set(id, taker);
  void flows.then(() => {
    if (present.get(id) !== taker) return;
    const waiting = away.get(id) ?? [];
    away.delete(id);
    for (const tell of waiting) tell();
  });
}

/** A node goes: for good when it was `removed`, else until the deploy or the next start made it anew. */
export function takerLeft(taker: Taker, removed: boolean): void {
  const { id } = taker.node;
  if (present.get(id) === taker) present.delete(id);
  const waiting = away.get(id) ?? [];
  if (!removed) return void away.set(id, waiting);
  away.delete(id);
  for (const tell of waiting) tell();
}

/** The node that takes the outcomes of its mails; undefined when it is gone. */
export function takerOf(nodeId: string): Taker | undefined {
  return present.get(nodeId);
}

/** Puts off what is to be told to a node until it is back; null when it need not be put off. */
export function untilBack(nodeId: string): ((tell: () => void) => void) | null {
  const waiting = away.get(nodeId);
  return waiting ? (tell) => void waiting.push(tell) : null;
}
