/** Turns content into the bytes of an RFC 5322 message, the same for all delivery attempts. */
import { randomUUID } from 'node:crypto';
import { domainToASCII } from 'node:url';
import type { AttachmentSummary, Envelope, Priority, SkippedAttachment } from '../types';
import type { MailContent } from './content';
import { messageBytes } from './message-bytes';
import { recipientsOf } from './recipients/recipients';

export interface ComposedMail {
  messageId: string;
  subject: string;
  envelope: Envelope;
  /** The msg set the envelope sender: it is stronger than that of the connector. */
  ownSender?: boolean;
  priority: Priority;
  attachments: AttachmentSummary[];
  skippedAttachments: SkippedAttachment[];
  /** Bytes of the message. */
  size: number;
  /** Each call begins anew with the same bytes. */
  open(): Iterable<Buffer>;
}

/** Bytes of a piece of a message. */
const CHUNK = 65_536;

/** What tells a mail from others, the same over all attempts. */
export interface Stamp {
  /** With angle brackets. */
  messageId: string;
  /** Ms since the epoch. */
  date: number;
  /** Of the time zone in which the date is written, minutes east of Greenwich; that of the machine when it is left out. */
  offset?: number;
}

/** Composes a mail in memory. Hidden recipients are in the envelope only. */
export function compose(content: MailContent, stamp: Stamp): ComposedMail {
  const { from, subject, priority } = content;
  const bytes = messageBytes(content, {
    messageId: stamp.messageId,
    date: dateHeader(stamp.date, stamp.offset),
    boundary: randomUUID(),
  });
  return {
    messageId: stamp.messageId,
    subject,
    envelope: { from: content.envelope?.from ?? from.address, to: recipientsOf(content) },
    ...(content.envelope?.from === undefined ? {} : { ownSender: true }),
    priority,
    attachments: content.attachments.map(({ filename, content: { length } }) => ({ filename, size: length })),
    skippedAttachments: content.skippedAttachments,
    size: bytes.length,
    open: () => chunksOf(bytes),
  };
}

const DAYS = ['Sun', 'Mon', 'Tue', 'Wed', 'Thu', 'Fri', 'Sat'];
const MONTHS = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];

/** A time (ms since the epoch) with its offset (RFC 5322 section 3.3): `Thu, 26 Nov 2026 17:08:21 +0100`. */
function dateHeader(time: number, offset = -new Date(time).getTimezoneOffset()): string {
  const local = new Date(time + offset * 60_000);
  const two = (n: number) => String(Math.trunc(n)).padStart(2, '0');
  const day = `${DAYS[local.getUTCDay()]}, ${local.getUTCDate()} ${MONTHS[local.getUTCMonth()]} ${local.getUTCFullYear()}`;
  const clock = [local.getUTCHours(), local.getUTCMinutes(), local.getUTCSeconds()].map(two).join(':');
  return `${day} ${clock} ${offset < 0 ? '-' : '+'}${two(Math.abs(offset) / 60)}${two(Math.abs(offset) % 60)}`;
}

/** A new Message-ID, with angle brackets, in the domain of the sender's address (RFC 5322 section 3.6.4). */
export function newMessageId(from: string): string {
  const domain = from.slice(from.lastIndexOf('@') + 1);
  const ascii = /^[ -~]*$/.test(domain) ? domain : domainToASCII(domain);
  return `<${randomUUID()}@${ascii || 'localhost'}>`;
}

/** Tells ids of this process from those of others. */
const PROCESS = randomUUID().slice(0, 8);

let lastTime = 0;
let lastCount = 0;

/**
 * A new id of a mail at `now` (ms): later ids of this process sort after earlier ones, also when the clock is set
 * back; unique over restarts; only letters, digits and hyphens of one case, so that any file system takes it.
 */
export function newMailId(now: number): string {
  lastCount = now > lastTime ? 0 : lastCount + 1;
  lastTime = Math.max(now, lastTime);
  const time = Math.trunc(lastTime).toString(16).padStart(12, '0');
  const count = lastCount.toString(16).padStart(6, '0');
  return `${time}-${count}-${PROCESS}`;
}

function* chunksOf(bytes: Buffer): Generator<Buffer> {
  for (let start = 0; start < bytes.length; start += CHUNK) yield bytes.subarray(start, start + CHUNK);
}
