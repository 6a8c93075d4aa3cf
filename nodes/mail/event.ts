/** What templates see of a mail: its events, each the properties of its msg and a few of our own. */
import { t } from '../language/text';
import type { Msg, SkippedAttachment } from '../types';
import { externalsKey, type Externals, type Scope } from './scope';
import { textView } from './text-view';

/** One msg inside a mail. */
export interface EventSource {
  msg: Msg;
  /** When the msg arrived, ms since the epoch. */
  arrivedAt: number;
  /** The external values of all templates, resolved when the msg arrived. */
  externals: Externals;
  skippedAttachments: readonly SkippedAttachment[];
}

/** The data of one event; the properties of the msg beside. */
export interface EventView extends Record<string, unknown> {
  /** Place in the mail, from 1. */
  index: number;
  /** Text view of the payload. */
  event: string;
  /** What went wrong: the text of msg.error, and the attachments that are missing. */
  error: string;
  /** When the msg arrived: ISO 8601 with the local offset. */
  time: string;
  [externalsKey]: Externals;
}

/** Makes the view of one event; `index` counts from 1. */
export function eventView(source: EventSource, index: number): EventView {
  // Many times faster than to spread the msg into a new object, and this is done for each event of a digest.
  return Object.assign({}, source.msg, {
    index,
    event: textView(source.msg.payload),
    error: errorText(source.msg.error, source.skippedAttachments),
    time: isoLocal(source.arrivedAt),
    [externalsKey]: source.externals,
  });
}

/** Makes the scope of a mail: what the first event has, and the mail's own names over it. `now` in ms. */
export function mailScope(views: readonly EventView[], meta: { connector: string; now: number }): Scope {
  const first = views[0];
  return {
    view: Object.assign({}, first, {
      events: views,
      count: views.length,
      first,
      last: views[views.length - 1],
      now: isoLocal(meta.now),
      connector: meta.connector,
    }),
  };
}

/** The text of msg.error (text, or an object with `message`) and a sentence for each missing attachment. */
export function errorText(error: unknown, skipped: readonly SkippedAttachment[]): string {
  const parts = skipped.map(({ filename, reason }) => t`Not attached: ${filename}: ${reason}`);
  const text = messageOf(error);
  return text === '' ? parts.join(' ') : [text, ...parts].join(' | ');
}

function messageOf(error: unknown): string {
  try {
    const message =
      typeof error === 'object' && error !== null ? (error as { message?: unknown }).message : undefined;
    return textView(message === undefined ? error : message);
  } catch {
    return textView(error);
  }
}

let last = { time: NaN, offset: NaN, text: '' };

/** Writes a time (ms since the epoch) to the second, in ISO 8601 with the offset of this machine: `2026-11-22T13:00:00+01:00`. */
export function isoLocal(time: number): string {
  // Minutes east of Greenwich; the language counts them to the west.
  const offset = -new Date(time).getTimezoneOffset();
  // Asked for several times for each msg, and many msgs come in one millisecond.
  if (time !== last.time || offset !== last.offset)
    last = { time, offset, text: isoWithOffset(time, offset) };
  return last.text;
}

function isoWithOffset(time: number, offset: number): string {
  const local = new Date(time + offset * 60_000).toISOString().slice(0, 19);
  const hours = Math.trunc(Math.abs(offset) / 60);
  return `${local}${offset < 0 ? '-' : '+'}${twoDigits(hours)}:${twoDigits(Math.abs(offset) % 60)}`;
}

function twoDigits(n: number): string {
  return String(Math.trunc(n)).padStart(2, '0');
}
