/**
 * The outboxes of this process. An outbox belongs to the id of a connector, not to the node object: a deploy makes a new
 * object for the same connector, and the mails that wait must find it.
 */
import type { MailError } from '../types';
import { createMemoryStore } from '../outbox/memory-store';
import { createOutbox, type Outbox, type OutboxOptions } from '../outbox/outbox';

interface Shared {
  outbox: Outbox;
  opened: Promise<Outbox>;
  /** What the connector of the moment wants to hear; replaced at each deploy. */
  listener: OutboxListener;
}

export type OutboxListener = Pick<OutboxOptions, 'report' | 'changed' | 'trouble'>;

const shared = new Map<string, Shared>();

/** Gives the outbox of a connector, made and opened at the first call; the listener of the last call gets its news. */
export function sharedOutbox(
  connectorId: string,
  policy: OutboxOptions['policy'],
  listener: OutboxListener,
): Promise<Outbox> {
  const known = shared.get(connectorId);
  if (known) {
    known.listener = listener;
    return known.opened;
  }
  const outbox = createOutbox({
    store: createMemoryStore(),
    policy,
    report: (result, mail) => entry.listener.report(result, mail),
    changed: () => entry.listener.changed(),
    trouble: (error) => entry.listener.trouble(error),
  });
  const entry: Shared = { outbox, opened: outbox.open().then(() => outbox), listener };
  shared.set(connectorId, entry);
  return entry.opened;
}

/** Ends the outbox of a connector that was deleted: what waits in it is reported as failed for the reason given. */
export async function dropOutbox(connectorId: string, reason: MailError): Promise<void> {
  const entry = shared.get(connectorId);
  if (!entry) return;
  shared.delete(connectorId);
  await entry.outbox.abandon(reason);
  await entry.outbox.close();
}
