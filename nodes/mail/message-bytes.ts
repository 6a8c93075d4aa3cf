/** The bytes of a message: those that nodemailer makes of the same content, the quick way where there are no attachments. */
import { domainToUnicode } from 'node:url';
import MailComposer from 'nodemailer/lib/mail-composer';
import type MimeNode from 'nodemailer/lib/mime-node';
import * as mimeFuncs from 'nodemailer/lib/mime-funcs';
import type { Priority } from '../types';
import type { LoadedAttachment } from './attachments/attachments';
import type { MailContent } from './content';
import { mimeBytes } from './mime-bytes';
import { plainMessage, type HeaderField } from './plain-message';
import type { Address } from './recipients/addresses';

/** What a message has besides its content. */
export interface MessageStamp {
  /** With angle brackets. */
  messageId: string;
  /** As it stands in the header. */
  date: string;
  /** Part of each boundary, that no other message has. */
  boundary: string;
}

/** Cannot occur in quoted-printable or base64. */
const BOUNDARY_PREFIX = '--=_';

/** RFC 3834: no out-of-office replies to what a machine wrote; the second field says it to Exchange. */
const AUTOMATIC: readonly HeaderField[] = [
  ['Auto-Submitted', 'auto-generated'],
  ['X-Auto-Response-Suppress', 'All'],
];

const PRIORITY_FIELDS: Record<Priority, readonly HeaderField[]> = {
  high: [
    ['X-Priority', '1 (Highest)'],
    ['X-Msmail-Priority', 'High'],
    ['Importance', 'High'],
  ],
  normal: [],
  low: [
    ['X-Priority', '5 (Lowest)'],
    ['X-Msmail-Priority', 'Low'],
    ['Importance', 'Low'],
  ],
};

/** A mail without any To looks like spam to filters, and is shown as one to nobody. */
const NOBODY = 'undisclosed-recipients:;';

/** The message with CRLF. */
export function messageBytes(content: MailContent, stamp: MessageStamp): Buffer {
  const { from, to, cc, replyTo, attachments, headers } = content;
  const simple = attachments.length + headers.length === 0 && [from, ...to, ...cc, ...replyTo].every(isAscii);
  if (!simple) return mimeBytes(messageTree(content, stamp));
  return plainMessage(
    fieldsOf(content, stamp),
    { text: withCrlf(content.text), html: withCrlf(content.html ?? '') },
    `${BOUNDARY_PREFIX}-${stamp.boundary}-Part_1`,
  );
}

/** The fields of the header in their order, but for those of MIME and of the msg. */
function fieldsOf(content: MailContent, stamp: MessageStamp): HeaderField[] {
  return [
    ['From', [content.from]],
    ['To', isToNobody(content) ? NOBODY : content.to],
    ['Cc', content.cc],
    ['Reply-To', content.replyTo],
    ['In-Reply-To', content.inReplyTo ?? ''],
    ['References', content.references ?? ''],
    ['Subject', content.subject],
    ['Message-ID', stamp.messageId],
    ...AUTOMATIC,
    ...PRIORITY_FIELDS[content.priority],
    ['Date', stamp.date],
  ];
}

/** The message as nodemailer's tree of MIME nodes; its `build` gives the same bytes as `messageBytes`. */
export function messageTree(content: MailContent, stamp: MessageStamp): MimeNode {
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
    boundaryPrefix: BOUNDARY_PREFIX,
    baseBoundary: stamp.boundary,
    disableFileAccess: true,
    disableUrlAccess: true,
  }).compile();
  for (const [name, value] of [...AUTOMATIC, ...PRIORITY_FIELDS[priority]]) {
    message.setHeader(name, value as string);
  }
  message.setHeader('Date', stamp.date);
  if (isToNobody(content)) nameNobody(message);
  keepDomains(message, [from, ...to, ...cc, ...replyTo]);
  return message;
}

function isToNobody({ to, cc }: MailContent): boolean {
  return to.length + cc.length === 0;
}

function isAscii({ address }: Address): boolean {
  return /^[ -~]*$/.test(address);
}

/** nodemailer puts the name of a group in quotation marks, and programs look for this one without. */
function nameNobody(message: MimeNode): void {
  const buildHeaders = message.buildHeaders.bind(message);
  message.setHeader('To', NOBODY);
  message.buildHeaders = () => buildHeaders().replace(/^To: "undisclosed-recipients":;/m, `To: ${NOBODY}`);
}

/** nodemailer decodes the domain of an address that is not ASCII before the @, and few servers know it in that form. */
function keepDomains(message: MimeNode, addresses: readonly Address[]): void {
  const foreign = addresses.filter((one) => !isAscii(one));
  if (foreign.length === 0) return;
  const buildHeaders = message.buildHeaders.bind(message);
  message.buildHeaders = () =>
    foreign.reduce((headers, { address }) => {
      const at = address.lastIndexOf('@') + 1;
      return headers.replaceAll(address.slice(0, at) + domainToUnicode(address.slice(at)), address);
    }, buildHeaders());
}

/** The line breaks of a mail (RFC 5322 section 2.3): nodemailer writes all others in this way, and lets those of a text be. */
function withCrlf(text: string): string {
  return text.includes('\r') ? text.replace(/\r\n|\r|\n/g, '\r\n') : text.replaceAll('\n', '\r\n');
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
