/**
 * The outboxes of this process. An outbox belongs to the id of a connector, not to the node object: a deploy makes a new
 * object for the same connector, and the mails that wait must find it.
 */
import { join } from 'node:path';
import { t } from '../language/text';
import type { MailError } from '../types';
import { createDiskStore } from '../store/disk/disk-store';
import { createMemoryStore } from '../store/memory';
import { createOutbox, type Outbox, type OutboxOptions, type Policy } from '../outbox/outbox';
import type { KeptEvent } from '../store/store';
import { untilBack } from './takers';

/** What the connector of the moment wants to hear. */
export type OutboxListener = Pick<
  OutboxOptions,
  'report' | 'deferred' | 'changed' | 'trouble' | 'liveMessages'
>;

export interface Place {
  kind: 'disk' | 'memory';
  /** Where a disk outbox is. */
  folder: string;
}

export interface SharedOutbox {
  outbox: Outbox;
  place: Place;
  /** Events that waited in batches when an earlier process ended, until their node takes them. */
  leftEvents: KeptEvent[];
  listener: OutboxListener;
}

const shared = new Map<string, Promise<SharedOutbox>>();

/** The folder of a connector's outbox below the user directory; an id that is no plain name is encoded. */
export function outboxFolder(userDir: string, connectorId: string): string {
  const name = encodeURIComponent(connectorId).replace(/^\.+$/, (dots) => dots.replaceAll('.', '%2E'));
  return join(userDir, 'email-outbox', name);
}

/**
 * Gives the outbox of a connector, opened at the first call; the listener of the last call gets its news. `warn` is told
 * what was found. Rejects with a MailError when the outbox can not be used; the next call tries again.
 */
export async function sharedOutbox(
  connectorId: string,
  place: Place,
  policy: Policy,
  listener: OutboxListener,
  warn: (text: string) => void,
): Promise<SharedOutbox> {
  const known = await shared.get(connectorId);
  if (known?.place.kind === place.kind) {
    known.listener = listener;
    return known;
  }
  const opening = open(place, policy, listener, warn);
  shared.set(connectorId, opening);
  let opened: SharedOutbox;
  try {
    opened = await opening;
  } catch (error) {
    if (known) shared.set(connectorId, Promise.resolve(known));
    else shared.delete(connectorId);
    throw error;
  }
  if (!known) return opened;
  try {
    await move(known, opened, warn);
  } catch (error) {
    // Some mails are still in the old one: the next call goes on with them.
    shared.set(connectorId, Promise.resolve(known));
    await opened.outbox.close();
    throw error;
  }
  return opened;
}

async function open(
  place: Place,
  policy: Policy,
  listener: OutboxListener,
  warn: (text: string) => void,
): Promise<SharedOutbox> {
  const entry: SharedOutbox = {
    outbox: createOutbox({
      store: place.kind === 'disk' ? createDiskStore({ folder: place.folder, warn }) : createMemoryStore(),
      policy,
      report: (result, mail) => entry.listener.report(result, mail),
      deferred: (mail, error, attempts) => entry.listener.deferred?.(mail, error, attempts),
      changed: () => entry.listener.changed(),
      trouble: (error) => entry.listener.trouble(error),
      liveMessages: (id) => entry.listener.liveMessages?.(id),
      untilBack,
    }),
    place,
    leftEvents: [],
    listener,
  };
  const { events, warnings } = await entry.outbox.open();
  entry.leftEvents = events;
  warnings.forEach(warn);
  return entry;
}

/** The field `outbox` was changed: mails in memory go to the disk; those on disk stay there, for memory is less safe. */
async function move(from: SharedOutbox, to: SharedOutbox, warn: (text: string) => void): Promise<void> {
  if (from.place.kind === 'memory') {
    await from.outbox.moveTo(to.outbox);
  } else {
    const left = leftBehind(from);
    if (left) warn(left);
  }
  await from.outbox.close();
}

/**
 * Ends the outbox of a connector that was deleted. What waits in memory is reported as failed for the reason given; what is
 * on disk stays there, which is the text that comes back.
 */
export async function dropOutbox(connectorId: string, reason: MailError): Promise<string | null> {
  const entry = await shared.get(connectorId);
  if (!entry) return null;
  shared.delete(connectorId);
  const { outbox, place } = entry;
  const left = place.kind === 'disk' ? leftBehind(entry) : null;
  if (place.kind === 'memory') await outbox.abandon(reason);
  await outbox.close();
  return left;
}

/** What to tell of events whose send-email nodes do not take them; null when there are none. */
export function orphanedEvents({ leftEvents, place }: SharedOutbox): string | null {
  if (leftEvents.length === 0) return null;
  const nodes = [...new Set(leftEvents.map(({ nodeId }) => nodeId))].join(', ');
  return t`${leftEvents.length} events that waited in batches stay in ${place.folder}: their send-email nodes (${nodes}) are gone,
    disabled or not configured. They are mailed when these nodes work again with this connector.`;
}

/** What to tell of what stays on disk; null when there is nothing. */
function leftBehind({ outbox, place, leftEvents }: SharedOutbox): string | null {
  const { queued, deferred } = outbox.counts();
  const mails = queued + deferred;
  if (mails + leftEvents.length === 0) return null;
  return leftEvents.length > 0
    ? t`${mails} mails and ${leftEvents.length} events of batches stay in ${place.folder}: a connector with this id and outbox "disk" sends them, or delete the folder.`
    : t`${mails} mails stay in ${place.folder}: a connector with this id and outbox "disk" sends them, or delete the folder.`;
}
