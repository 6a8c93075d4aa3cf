/** Who a mail is from and for: read from what the fields of the node give, or the msg. */
import { t } from '../../language/text';
import { MailError } from '../../types';
import { parseAddressList, parseOne, parseSome, uniqueRecipients, type Address } from './addresses';
import { shownValue } from '../template/text-view';

/** Who a mail is from and for. */
export interface MailAddresses {
  from: Address;
  to: Address[];
  cc: Address[];
  bcc: Address[];
  replyTo: Address[];
  /** What the server is told instead, when msg.envelope says so. */
  envelope?: { from?: string; to?: string[] };
}

/** The same, as the node and the msg give it: rendered texts, or whatever the msg holds. */
export interface GivenAddresses {
  from: unknown;
  to: unknown;
  cc: unknown;
  bcc: unknown;
  replyTo: unknown;
  /** msg.envelope */
  envelope?: unknown;
  /** The property mail.from. */
  mailFrom?: string;
  username?: string;
}

export interface Recipients {
  addresses: MailAddresses;
  /** The same text for the same addresses only. */
  key: string;
}

/** Reads the addresses of a mail; what it gives belongs to all who asked for the same and must not be changed. */
export type RecipientReader = (given: GivenAddresses) => Recipients;

/** Results that are remembered: the msgs of a node mostly go to the same few people. */
const MOST_REMEMBERED = 100;

/**
 * Creates a reader for the msgs of one node, which remembers what it read. The reader throws MailError BAD_ADDRESS,
 * NO_SENDER or NO_RECIPIENT.
 */
export function createRecipientReader(): RecipientReader {
  const remembered = new Map<string, Recipients>();
  return (given) => {
    const texts = textsOf(given);
    const known = texts === null ? undefined : remembered.get(texts);
    if (known) return known;
    const addresses = readAddresses(given);
    const { from, to, cc, bcc, replyTo, envelope } = addresses;
    const recipients = { addresses, key: JSON.stringify([from, to, cc, bcc, replyTo, envelope]) };
    if (remembered.size >= MOST_REMEMBERED) remembered.clear();
    if (texts !== null) remembered.set(texts, recipients);
    return recipients;
  };
}

/** One text for all that was given; null when it holds more than texts, which is rare and read each time. */
function textsOf(given: GivenAddresses): string | null {
  const { from, to, cc, bcc, replyTo, mailFrom, username, envelope } = given;
  const all = [from, to, cc, bcc, replyTo, mailFrom, username, envelope];
  return all.some((one) => one !== undefined && typeof one !== 'string') ? null : JSON.stringify(all);
}

function readAddresses(given: GivenAddresses): MailAddresses {
  const envelope = readEnvelope(given.envelope);
  const addresses: MailAddresses = {
    from: readSender(given),
    to: parseAddressList('to', given.to),
    cc: parseAddressList('cc', given.cc),
    bcc: parseAddressList('bcc', given.bcc),
    replyTo: parseAddressList('replyTo', given.replyTo),
    ...(envelope === undefined ? {} : { envelope }),
  };
  if (recipientsOf(addresses).length > 0) return addresses;
  throw new MailError('NO_RECIPIENT', t`The mail has no recipient: to, cc and bcc are all empty.`, {
    hint: t`Fill in the field To of the node, or set msg.to before it.`,
    field: 'to',
  });
}

/** Everybody who gets the mail. */
export function recipientsOf({ to, cc, bcc, envelope }: MailAddresses): string[] {
  return envelope?.to ?? uniqueRecipients(to, cc, bcc);
}

/** msg.envelope: who the server is told that the mail is from and for, whatever its headers say. */
function readEnvelope(given: unknown): MailAddresses['envelope'] {
  if (isBlank(given)) return undefined;
  if (typeof given !== 'object' || given === null || Array.isArray(given)) {
    throw new MailError(
      'BAD_ADDRESS',
      t`msg.envelope is ${shownValue(given)}, and not an object with from and to.`,
      {
        hint: t`Write {from: "bounces@example.com", to: ["a@example.com"]}; what is left out is taken from the mail.`,
        field: 'msg.envelope',
      },
    );
  }
  const { from, to } = given as { from?: unknown; to?: unknown };
  const envelope: NonNullable<MailAddresses['envelope']> = {};
  // Bounces of a mail with the null sender go nowhere.
  if (from === '' || (typeof from === 'string' && /^\s*<\s*>\s*$/.test(from))) envelope.from = '';
  else if (!isBlank(from)) envelope.from = parseOne('msg.envelope.from', from).address;
  // A list that came out empty does not mean the recipients of the headers.
  if (to !== undefined && to !== null) envelope.to = uniqueRecipients(parseSome('msg.envelope.to', to));
  return Object.keys(envelope).length === 0 ? undefined : envelope;
}

/** The sender: field or msg.from, else the property mail.from, else the username when it is an address. */
function readSender({ from, mailFrom, username }: GivenAddresses): Address {
  if (!isBlank(from)) return parseOne('from', from);
  if (!isBlank(mailFrom)) return parseOne('mail.from', mailFrom);
  if (username?.includes('@')) {
    try {
      return parseOne('username', username);
    } catch {
      // Some servers have usernames that look like addresses and are none; the error below says what to do.
    }
  }
  throw new MailError(
    'NO_SENDER',
    t`The mail has no sender: from is empty and the username is no e-mail address.`,
    {
      hint: t`Fill in the field From of the node, or set mail.from in the properties of the connector.`,
      field: 'from',
    },
  );
}

function isBlank(value: unknown): boolean {
  return value === undefined || value === null || (typeof value === 'string' && value.trim() === '');
}
