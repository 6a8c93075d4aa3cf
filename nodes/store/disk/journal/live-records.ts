/** What is in the journal that still counts, and where: the sum of its records, in their order. */
import type { OutgoingMail } from '../../../types';
import type { RecordPlace } from './journal';
import type { BlobPlace } from './records';
import type { Segment } from './segments';
import type { Progress } from '../../store';

/**
 * Bytes that belong to a record: in it, or in a file of their own when they are many, with the checksums of its pieces
 * (base64; files of earlier versions have none).
 */
export type Content = { blob: number } | { file: string; size: number; sums?: string };

/** A mail without what can not be written as JSON. */
export type StoredMail = Omit<OutgoingMail, 'open' | 'messages'>;

export function storedMail(mail: OutgoingMail): StoredMail {
  const stored: Partial<OutgoingMail> = { ...mail };
  delete stored.open;
  delete stored.messages;
  return stored as StoredMail;
}

export interface MailRecord {
  type: 'mail';
  mail: StoredMail;
  progress: Progress;
  body: Content;
  messages: Content;
  /** Waiting events that this mail holds: they wait no more. */
  events: string[];
}

export interface EventRecord {
  type: 'event';
  id: string;
  nodeId: string;
  /** Counts up: the order in which events came. */
  order: number;
  data: Content;
}

export type JournalRecord =
  | MailRecord
  | EventRecord
  | { type: 'progress'; id: string; progress: Progress }
  | { type: 'finished'; ids: string[] }
  | { type: 'dropped'; ids: string[] }
  | { type: 'rate'; state: unknown };

/** A mail or a waiting event that is kept. */
export interface Item<R extends MailRecord | EventRecord = MailRecord | EventRecord> {
  readonly record: R;
  readonly segment: Segment;
  /** Bytes in the segment. */
  readonly size: number;
  readonly blobs: readonly BlobPlace[];
}

export interface Ledger {
  apply: (record: JournalRecord, place: RecordPlace) => void;
  mail(id: string): Item<MailRecord> | undefined;
  event(id: string): Item<EventRecord> | undefined;
  mails(): Item<MailRecord>[];
  readonly mailCount: number;
  events(): Item<EventRecord>[];
  rate(): { state: unknown; segment: Segment } | null;
  /** What would be lost with this segment, oldest first. */
  itemsIn(segment: Segment): ReadonlySet<Item>;
  /** Bytes of all items. */
  size(): number;
}

const TYPES = ['mail', 'event', 'progress', 'finished', 'dropped', 'rate'];

export function isJournalRecord(data: unknown): data is JournalRecord {
  return TYPES.includes((data as { type?: unknown } | null | undefined)?.type as string);
}

const NOTHING: ReadonlySet<Item> = new Set();

export function createLedger(): Ledger {
  const mails = new Map<string, Item<MailRecord>>();
  const events = new Map<string, Item<EventRecord>>();
  const bySegment = new Map<Segment, Set<Item>>();
  let rate: { state: unknown; segment: Segment } | null = null;
  let size = 0;

  function put<R extends MailRecord | EventRecord>(items: Map<string, Item<R>>, id: string, item: Item<R>) {
    take(items, id);
    items.set(id, item);
    const inSegment = bySegment.get(item.segment) ?? new Set();
    bySegment.set(item.segment, inSegment.add(item));
    size += item.size;
  }

  function take<R extends MailRecord | EventRecord>(items: Map<string, Item<R>>, id: string) {
    const item = items.get(id);
    if (!item) return;
    items.delete(id);
    size -= item.size;
    const inSegment = bySegment.get(item.segment);
    inSegment?.delete(item);
    if (inSegment?.size === 0) bySegment.delete(item.segment);
  }

  return {
    apply(record, place) {
      const at = { segment: place.segment, size: place.size, blobs: place.blobs };
      switch (record.type) {
        case 'mail':
          put(mails, record.mail.id, { record, ...at });
          for (const id of record.events) take(events, id);
          return;
        case 'progress': {
          const item = mails.get(record.id);
          // In place: the mail itself stays where it is.
          if (item) item.record.progress = record.progress;
          return;
        }
        case 'finished':
          for (const id of record.ids) take(mails, id);
          return;
        case 'event':
          put(events, record.id, { record, ...at });
          return;
        case 'dropped':
          for (const id of record.ids) take(events, id);
          return;
        case 'rate':
          rate = { state: record.state, segment: place.segment };
      }
    },
    mail: (id) => mails.get(id),
    event: (id) => events.get(id),
    mails: () => [...mails.values()],
    get mailCount() {
      return mails.size;
    },
    events: () => [...events.values()].sort((a, b) => a.record.order - b.record.order),
    rate: () => rate,
    itemsIn: (segment) => bySegment.get(segment) ?? NOTHING,
    size: () => size,
  };
}
