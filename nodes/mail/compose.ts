/** Turns content into the bytes of an RFC 5322 message, the same for all delivery attempts. */
import { randomUUID } from 'node:crypto';
import { domainToASCII, domainToUnicode } from 'node:url';
import MailComposer from 'nodemailer/lib/mail-composer';
import type MimeNode from 'nodemailer/lib/mime-node';
import * as mimeFuncs from 'nodemailer/lib/mime-funcs';
import type { AttachmentSummary, Envelope, Priority, SkippedAttachment } from '../types';
import type { LoadedAttachment } from './attachments/attachments';
import type { MailContent } from './content';
import type { Address } from './recipients/addresses';
import { recipientsOf } from './recipients/recipients';
import { mimeBytes } from './mime-bytes';

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

const PRIORITY_FIELDS: Record<Priority, Record<string, string>> = {
  high: { 'X-Priority': '1 (Highest)', 'X-MSMail-Priority': 'High', Importance: 'High' },
  normal: {},
  low: { 'X-Priority': '5 (Lowest)', 'X-MSMail-Priority': 'Low', Importance: 'Low' },
};

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
  const { from, to, cc, replyTo, subject, html, text, priority } = content;
  const message = new MailComposer({
    from: { ...from },
    to: to.map((one) => ({ ...one })),
    cc: cc.map((one) => ({ ...one })),
    replyTo: replyTo.map((one) => ({ ...one })),
    subject,
    ...(html === undefined ? {} : { html: withCrlf(html) }),
    text: withCrlf(text),
    attachments: content.attachments.map(describeAttachment),
    headers: content.headers.map(({ key, value }) => ({ key, value })),
    inReplyTo: content.inReplyTo,
    references: content.references,
    messageId: stamp.messageId,
    // Cannot occur in quoted-printable or base64.
    boundaryPrefix: '--=_',
    baseBoundary: randomUUID(),
    disableFileAccess: true,
    disableUrlAccess: true,
  }).compile();
  // RFC 3834: no out-of-office replies to what a machine wrote; the second field says it to Exchange.
  message.setHeader('Auto-Submitted', 'auto-generated');
  message.setHeader('X-Auto-Response-Suppress', 'All');
  for (const [name, value] of Object.entries(PRIORITY_FIELDS[priority])) message.setHeader(name, value);
  message.setHeader('Date', dateHeader(stamp.date, stamp.offset));
  // A mail without any To looks like spam to filters, and is shown as one to nobody.
  if (to.length + cc.length === 0) nameNobody(message);
  keepDomains(message, [from, ...to, ...cc, ...replyTo]);

  const bytes = mimeBytes(message);
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

/** nodemailer puts the name of a group in quotation marks, and programs look for this one without. */
function nameNobody(message: MimeNode): void {
  const buildHeaders = message.buildHeaders.bind(message);
  message.setHeader('To', 'undisclosed-recipients:;');
  message.buildHeaders = () =>
    buildHeaders().replace(/^To: "undisclosed-recipients":;/m, 'To: undisclosed-recipients:;');
}

/** nodemailer decodes the domain of an address that is not ASCII before the @, and few servers know it in that form. */
function keepDomains(message: MimeNode, addresses: readonly Address[]): void {
  const foreign = addresses.filter(({ address }) => /[^ -~]/.test(address));
  if (foreign.length === 0) return;
  const buildHeaders = message.buildHeaders.bind(message);
  message.buildHeaders = () =>
    foreign.reduce((headers, { address }) => {
      const at = address.lastIndexOf('@') + 1;
      return headers.replaceAll(address.slice(0, at) + domainToUnicode(address.slice(at)), address);
    }, buildHeaders());
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

/** The line breaks of a mail (RFC 5322 section 2.3): nodemailer writes all others in this way, and lets those of a text be. */
function withCrlf(text: string): string {
  return text.replace(/\r\n|\r|\n/g, '\r\n');
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

function describeAttachment({
  filename,
  content,
  contentType,
  cid,
  contentDisposition,
  headers,
}: LoadedAttachment) {
  return {
    filename,
    content,
    contentType: partType(contentType, filename, content),
    ...(cid === undefined ? {} : { cid }),
    ...(contentDisposition === undefined ? {} : { contentDisposition }),
    ...(headers === undefined ? {} : { headers: { ...headers } }),
  };
}

/** The media type of an attachment: as given when it is one that a file can have, else by the file's name. */
function partType(given: string | undefined, filename: string, content: Buffer): string {
  const wellFormed = given !== undefined && /^[\w!#$&^.+-]+\/[\w!#$&^.+-]+\s*(?:;|$)/.test(given);
  const type = wellFormed ? given : mimeFuncs.detectMimeType(filename);
  // Parts of these types must not be encoded (RFC 2045 section 6.4), and a file may hold any bytes.
  if (/^(?:multipart|message)\//i.test(type)) return 'application/octet-stream';
  if (!/^text\//i.test(type) || /;\s*charset\s*=/i.test(type)) return type;
  return isUtf8(content) ? `${type}; charset=utf-8` : type;
}

function isUtf8(content: Buffer): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(content);
    return true;
  } catch {
    return false;
  }
}

function* chunksOf(bytes: Buffer): Generator<Buffer> {
  for (let start = 0; start < bytes.length; start += CHUNK) yield bytes.subarray(start, start + CHUNK);
}
