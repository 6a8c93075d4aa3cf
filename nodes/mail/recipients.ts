/** Who a mail is from and for: read from what the fields of the node give, or the msg. */
import { t } from '../language/text';
import { MailError } from '../types';
import { parseAddressList, parseOne, uniqueRecipients, type Address } from './addresses';

/** Who a mail is from and for. */
export interface MailAddresses {
  from: Address;
  to: Address[];
  cc: Address[];
  bcc: Address[];
  replyTo: Address[];
}

/** The same, as the node and the msg give it: rendered texts, or whatever the msg holds. */
export interface GivenAddresses {
  from: unknown;
  to: unknown;
  cc: unknown;
  bcc: unknown;
  replyTo: unknown;
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
    const { from, to, cc, bcc, replyTo } = addresses;
    const recipients = { addresses, key: JSON.stringify([from, to, cc, bcc, replyTo]) };
    if (remembered.size >= MOST_REMEMBERED) remembered.clear();
    if (texts !== null) remembered.set(texts, recipients);
    return recipients;
  };
}

/** One text for all that was given; null when it holds more than texts, which is rare and read each time. */
function textsOf({ from, to, cc, bcc, replyTo, mailFrom, username }: GivenAddresses): string | null {
  const all = [from, to, cc, bcc, replyTo, mailFrom, username];
  return all.some((one) => one !== undefined && typeof one !== 'string') ? null : JSON.stringify(all);
}

function readAddresses(given: GivenAddresses): MailAddresses {
  const addresses = {
    from: readSender(given),
    to: parseAddressList('to', given.to),
    cc: parseAddressList('cc', given.cc),
    bcc: parseAddressList('bcc', given.bcc),
    replyTo: parseAddressList('replyTo', given.replyTo),
  };
  if (uniqueRecipients(addresses.to, addresses.cc, addresses.bcc).length > 0) return addresses;
  throw new MailError('NO_RECIPIENT', t`The mail has no recipient: to, cc and bcc are all empty.`, {
    hint: t`Fill in the field To of the node, or set msg.to before it.`,
    field: 'to',
  });
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
