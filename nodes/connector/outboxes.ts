/**
 * The outboxes of this process. An outbox belongs to the id of a connector, not to the node object: a deploy makes a new
 * object for the same connector, and the mails that wait must find it.
 */
import { join } from 'node:path';
import { t } from '../language/text';
import type { MailError } from '../types';
import { createDiskStore } from '../store/disk/disk-store';
import { createMemoryStore } from '../store/memory';
import type { OutcomeReceiver } from '../outbox/completion';
import { createOutbox, type Outbox, type OutboxEvents, type Policy } from '../outbox/outbox';
import type { KeptEvent } from '../store/store';

export interface OutboxLocation {
  kind: 'disk' | 'memory';
  /** Where a disk outbox is. */
  folder: string;
}

export interface SharedOutbox {
  outbox: Outbox;
  location: OutboxLocation;
  /** Events that waited in batches when an earlier process ended, until their node takes them. */
  leftEvents: KeptEvent[];
  /** Those of the connector that opened it last. */
  events: OutboxEvents;
}

export interface Outboxes {
  /**
   * Gives the outbox of a connector, opened at the first call; `events` of the last call hear of it. `warn` gets what was
   * found. Rejects with a MailError when the outbox can not be used; the next call tries again.
   */
  open(connectorId: string, options: OpenOptions): Promise<SharedOutbox>;
  /**
   * Ends the outbox of a connector that was deleted. What waits in memory is reported as failed for the reason given; what is
   * on disk stays there, which is the text that comes back.
   */
  drop(connectorId: string, reason: MailError): Promise<string | null>;
}

export interface OpenOptions {
  location: OutboxLocation;
  policy: Policy;
  events: OutboxEvents;
  warn: (text: string) => void;
}

/** No outbox is open yet; `receiver` gets the outcomes of all of them. */
export function createOutboxes(receiver: OutcomeReceiver): Outboxes {
  const byConnector = new Map<string, Promise<SharedOutbox>>();

  return {
    async open(connectorId, options) {
      const known = await byConnector.get(connectorId);
      if (known?.location.kind === options.location.kind) {
        known.events = options.events;
        return known;
      }
      const opening = open(receiver, options);
      byConnector.set(connectorId, opening);
      let opened: SharedOutbox;
      try {
        opened = await opening;
      } catch (error) {
        if (known) byConnector.set(connectorId, Promise.resolve(known));
        else byConnector.delete(connectorId);
        throw error;
      }
      if (!known) return opened;
      try {
        await move(known, opened, options.warn);
      } catch (error) {
        // Some mails are still in the old one: the next call goes on with them.
        byConnector.set(connectorId, Promise.resolve(known));
        await opened.outbox.close();
        throw error;
      }
      return opened;
    },
    async drop(connectorId, reason) {
      const shared = await byConnector.get(connectorId);
      if (!shared) return null;
      byConnector.delete(connectorId);
      const { outbox, location } = shared;
      const left = location.kind === 'disk' ? leftBehind(shared) : null;
      if (location.kind === 'memory') await outbox.abandon(reason);
      await outbox.close();
      return left;
    },
  };
}

async function open(
  receiver: OutcomeReceiver,
  { location, policy, events, warn }: OpenOptions,
): Promise<SharedOutbox> {
  const { kind, folder } = location;
  const outbox = createOutbox({
    store: kind === 'disk' ? createDiskStore({ folder, warn }) : createMemoryStore(),
    policy,
    receiver,
    events: {
      failed: (...failure) => shared.events.failed(...failure),
      deferred: (...failure) => shared.events.deferred(...failure),
      changed: () => shared.events.changed(),
      onError: (error) => shared.events.onError(error),
    },
  });
  const shared: SharedOutbox = { outbox, location, leftEvents: [], events };
  const left = await outbox.open();
  shared.leftEvents = left.events;
  left.warnings.forEach(warn);
  return shared;
}

/** The folder of a connector's outbox below the user directory; an id that is no plain name is encoded. */
export function outboxFolder(userDir: string, connectorId: string): string {
  const name = encodeURIComponent(connectorId).replace(/^\.+$/, (dots) => dots.replaceAll('.', '%2E'));
  return join(userDir, 'email-outbox', name);
}

/** The field `outbox` was changed: mails in memory go to the disk; those on disk stay there, for memory is less safe. */
async function move(from: SharedOutbox, to: SharedOutbox, warn: (text: string) => void): Promise<void> {
  if (from.location.kind === 'memory') {
    await from.outbox.moveTo(to.outbox);
  } else {
    const left = leftBehind(from);
    if (left) warn(left);
  }
  await from.outbox.close();
}

/** What to tell of events whose send-email nodes do not take them; null when there are none. */
export function orphanedEvents({ leftEvents, location }: SharedOutbox): string | null {
  if (leftEvents.length === 0) return null;
  const nodes = [...new Set(leftEvents.map(({ nodeId }) => nodeId))].join(', ');
  return t`${leftEvents.length} events that waited in batches stay in ${location.folder}: their send-email nodes (${nodes}) are gone,
    disabled or not configured. They are mailed when these nodes work again with this connector.`;
}

/** What to tell of what stays on disk; null when there is nothing. */
function leftBehind({ outbox, location, leftEvents }: SharedOutbox): string | null {
  const { queued, deferred } = outbox.counts();
  const mails = queued + deferred;
  if (mails + leftEvents.length === 0) return null;
  return leftEvents.length > 0
    ? t`${mails} mails and ${leftEvents.length} events of batches stay in ${location.folder}: a connector with this id and outbox "disk" sends them, or delete the folder.`
    : t`${mails} mails stay in ${location.folder}: a connector with this id and outbox "disk" sends them, or delete the folder.`;
}
