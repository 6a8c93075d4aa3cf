/**
 * Addresses with letters outside ASCII before the @, at a server that does not take them (RFC 6531): a recipient of this kind is
 * refused with words instead of being sent as bytes that nobody understands, and the others get the mail.
 */
import { t } from '../language/text';
import { MailError, type Attempt, type Failure } from '../types';

/** Bytes of a header that are looked through; a mail has far fewer. */
const MAX_HEADER = 262_144;

/** Address fields (RFC 5322 section 3.6.2 and 3.6.3), unfolded or not. */
const ADDRESS_FIELD = /^(?:from|to|cc|reply-to):(?:.|\r\n[ \t])*/gim;

export function isAscii(address: string): boolean {
  // eslint-disable-next-line no-control-regex
  return /^[\x00-\x7f]*$/.test(address);
}

/** Nothing could be asked of the server; what that means is known already. */
export class UntellableError extends Error {
  constructor(readonly attempt: Attempt) {
    super('SMTPUTF8');
  }
}

/** The outcome where the sender, or every recipient, can not be told. */
export function withoutUtf8(sender: string | undefined, recipients: string[]): UntellableError {
  const nobody = { accepted: [], response: null };
  if (sender !== undefined)
    return new UntellableError({ ...nobody, refused: [], failure: untellable(sender, 'SENDER') });
  return new UntellableError({
    ...nobody,
    refused: recipients.map((address) => ({ address, failure: untellable(address) })),
  });
}

/** Why an address can not be told to the server. */
export function untellable(address: string, code: 'SENDER' | 'RECIPIENT' = 'RECIPIENT'): Failure {
  const error = new MailError(
    code,
    t`The server takes no addresses with letters outside of ASCII before the @ (it does not offer SMTPUTF8): ${address}`,
    {
      hint: t`Use another address of this mailbox, or a mail server that offers SMTPUTF8.`,
      command: code === 'SENDER' ? 'MAIL FROM' : 'RCPT TO',
    },
  );
  return { scope: 'message', permanent: true, minWait: 0, error };
}

/**
 * The message with a header in ASCII: an address that the server can not be told is shown by its name, as an empty group
 * (RFC 6857 section 3.2.1).
 */
export async function* withAsciiHeader(
  message: Iterable<Buffer> | AsyncIterable<Buffer>,
): AsyncGenerator<Buffer> {
  let head: Buffer | null = Buffer.alloc(0);
  for await (const chunk of message) {
    if (head === null) {
      yield chunk;
      continue;
    }
    head = head.length === 0 ? chunk : Buffer.concat([head, chunk]);
    const end = head.indexOf('\r\n\r\n');
    if (end < 0 && head.length < MAX_HEADER) continue;
    yield* withHeader(head, Math.max(end, 0));
    head = null;
  }
  if (head !== null && head.length > 0) yield head;
}

/** The first bytes of a message, of which so many are its header. */
function* withHeader(bytes: Buffer, length: number): Generator<Buffer> {
  const header = bytes.subarray(0, length);
  if (header.every((byte) => byte < 0x80)) {
    yield bytes;
  } else {
    yield asciiHeader(header);
    yield bytes.subarray(length);
  }
}

function asciiHeader(header: Buffer): Buffer {
  const text = header.toString('utf8');
  return Buffer.from(
    text.replace(ADDRESS_FIELD, (field) => {
      if (isAscii(field)) return field;
      const at = field.indexOf(':') + 1;
      const mailboxes = field
        .slice(at)
        .replace(/\r\n[ \t]+/g, ' ')
        .split(/,(?=(?:[^"]*"[^"]*")*[^"]*$)/);
      return `${field.slice(0, at)} ${mailboxes.map((one) => asciiMailbox(one.trim())).join(',\r\n ')}`;
    }),
  );
}

function asciiMailbox(mailbox: string): string {
  if (isAscii(mailbox)) return mailbox;
  const address = /<([^<>]*)>$/.exec(mailbox)?.[1] ?? mailbox;
  return `=?UTF-8?B?${Buffer.from(address).toString('base64')}?= :;`;
}
