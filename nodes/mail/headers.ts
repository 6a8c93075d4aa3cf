/** What a msg adds to the header of its mail, checked: nothing may end a line or stand for a field of ours. */
import { t } from '../language/text';
import { MailError, type Msg, type Priority } from '../types';
import { escapeControls, shownValue, textView } from './template/text-view';

export interface MailHeader {
  key: string;
  value: string;
}

export interface MsgHeaders {
  headers: MailHeader[];
  /** With angle brackets, as given. */
  inReplyTo?: string;
  references?: string;
}

/** Octets of a line without its line break; RFC 5322 section 2.1.1. Only spaces can be folded. */
const MAX_LINE = 998;
/** Characters: more than any mail program shows or any server takes in one field. */
const MAX_VALUE = 10_000;

/** Fields that the mail node writes itself, or that only servers write. */
const OWN_FIELDS =
  /^(?:from|sender|to|cc|bcc|reply-to|subject|date|message-id|mime-version|content-.*|auto-submitted|x-auto-response-suppress|return-path|received|dkim-signature)$/i;

/**
 * Reads msg.headers, msg.inReplyTo and msg.references. Fields of our own are left out with a warning; the
 * headers of an HTTP request or response are none of a mail and are left out in silence.
 * Throws MailError BAD_HEADER for a line break, a name that is none, or a value that fits on no line.
 */
export function readHeaders(msg: Msg): MsgHeaders & { warnings: string[] } {
  const warnings: string[] = [];
  const result: MsgHeaders & { warnings: string[] } = { headers: readExtraHeaders(msg, warnings), warnings };
  const inReplyTo = readMessageIds('msg.inReplyTo', msg.inReplyTo, warnings);
  if (inReplyTo) result.inReplyTo = inReplyTo;
  const references = readMessageIds('msg.references', msg.references, warnings);
  if (references) result.references = references;
  return result;
}

/** The priority of a msg: msg.priority when that is one, else the field's, with a warning if it was none. */
export function readPriority(msg: Msg, field: Priority): { priority: Priority; warnings: string[] } {
  const { priority } = msg;
  if (priority === undefined || priority === null || priority === '')
    return { priority: field, warnings: [] };
  const name = textView(priority).trim().toLowerCase();
  if (name === 'high' || name === 'normal' || name === 'low') return { priority: name, warnings: [] };
  const warning = t`msg.priority is ${shownValue(priority)}, which is none of high, normal, low: ${field} is used.`;
  return { priority: field, warnings: [warning] };
}

function readExtraHeaders(msg: Msg, warnings: string[]): MailHeader[] {
  const given = msg.headers;
  if (given === undefined || given === null || comesFromHttp(msg)) return [];
  if (typeof given !== 'object' || Array.isArray(given)) {
    warnings.push(t`msg.headers is no object of names and values, so it is left out.`);
    return [];
  }
  const headers: MailHeader[] = [];
  for (const [name, value] of Object.entries(given)) {
    checkName(name);
    if (OWN_FIELDS.test(name)) {
      warnings.push(t`msg.headers.${name} is left out: the mail node writes this field itself.`);
      continue;
    }
    for (const one of Array.isArray(value) ? (value as unknown[]) : [value]) {
      if (one === undefined || one === null || one === '') continue;
      headers.push({ key: name, value: checkValue(`msg.headers.${name}`, one) });
    }
  }
  return headers;
}

/** The http in node sets msg.req, the http request node msg.statusCode; their msg.headers are of HTTP. */
function comesFromHttp(msg: Msg): boolean {
  return msg.req !== undefined || msg.statusCode !== undefined;
}

/** RFC 5322 section 2.2: printable ASCII but the colon. */
function checkName(name: string): void {
  if (/^[!-9;-~]{1,76}$/.test(name)) return;
  throw new MailError('BAD_HEADER', t`msg.headers: ${shownValue(name)} is no name of a header field.`, {
    hint: t`Use letters, digits and hyphens, such as X-Ticket.`,
    field: 'msg.headers',
  });
}

function checkValue(field: string, value: unknown): string {
  if (typeof value === 'object' || typeof value === 'function' || typeof value === 'symbol') {
    throw badHeader(
      field,
      value,
      t`is no text`,
      t`Give text, or a list of texts for several fields of one name.`,
    );
  }
  const text = textView(value);
  // A tab is white space in a header; all other control characters are not allowed (RFC 5322 section 2.2).
  if (/[^\P{Cc}\t]|[\u2028\u2029]/u.test(text)) {
    throw badHeader(
      field,
      value,
      t`holds a line break or another control character`,
      t`Take it out of the value.`,
    );
  }
  const words = text.split(/[ \t]/);
  if (text.length > MAX_VALUE || words.some((word) => word.length + field.length > MAX_LINE)) {
    throw badHeader(
      field,
      value,
      t`is too long for a header field`,
      t`Put long texts into the body of the mail.`,
    );
  }
  return text;
}

function readMessageIds(field: string, value: unknown, warnings: string[]): string | undefined {
  if (value === undefined || value === null || value === '') return undefined;
  const ids: unknown[] = Array.isArray(value) ? value : [value];
  if (!ids.every((id) => typeof id === 'string')) {
    warnings.push(t`${field} is ${shownValue(value)}, which is no text or list of texts, so it is left out.`);
    return undefined;
  }
  return ids.map((id) => checkValue(field, id).trim()).join(' ');
}

function badHeader(field: string, value: unknown, fault: string, hint: string): MailError {
  return new MailError('BAD_HEADER', t`${escapeControls(field)}: ${shownValue(value)} ${fault}.`, {
    hint,
    field,
  });
}
