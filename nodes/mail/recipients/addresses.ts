/**
 * Strict address lists: what is not surely an address is refused and named, because a reader that guesses
 * drops recipients without a word.
 */
import { t } from '../../language/text';
import { checkAddress, checkName, refusal, refuseControls } from './address-syntax';

export interface Address {
  /** Display name, decoded; empty when there is none. */
  name: string;
  /** The address as it goes into the envelope, its domain in ASCII. */
  address: string;
}

/** Lists in lists, as rows of a database are, and objects in objects. */
const DEEPEST = 4;

/**
 * Reads a list of addresses from text (separated by commas, semicolons or line breaks), a list of texts or of
 * `{name, address}`, or one such object, in lists in turn; nothing, or blank text, gives an empty list, and empty places
 * in a list are none. Throws MailError BAD_ADDRESS that names the field and the item.
 */
export function parseAddressList(field: string, value: unknown, depth = 0): Address[] {
  if (value === undefined || value === null) return [];
  if (typeof value === 'string') return parseText(field, value);
  if (typeof value !== 'object' || depth > DEEPEST) {
    throw refusal(field, value, t`is neither text nor a list of addresses`);
  }
  if (Array.isArray(value)) {
    return value.flatMap((item, i) => parseAddressList(`${field}[${i}]`, item, depth + 1));
  }
  return parseObject(field, value, depth);
}

/** Reads one address or more, given as for parseAddressList; throws MailError BAD_ADDRESS. */
export function parseSome(field: string, value: unknown): [Address, ...Address[]] {
  const [first, ...others] = parseAddressList(field, value);
  if (!first) throw refusal(field, value, t`holds no address`);
  return [first, ...others];
}

/** Reads exactly one address, given as for parseAddressList; throws MailError BAD_ADDRESS. */
export function parseOne(field: string, value: unknown): Address {
  const [first, ...others] = parseSome(field, value);
  if (others.length > 0)
    throw refusal(field, value, t`holds ${others.length + 1} addresses where one is needed`);
  return first;
}

/** The addresses of several lists in order, each once: the recipients of an envelope. */
export function uniqueRecipients(...lists: readonly Address[][]): string[] {
  const seen = new Map<string, string>();
  for (const { address } of lists.flat()) {
    // Only domains are the same in any case (RFC 5321 section 2.4).
    const at = address.lastIndexOf('@');
    const key = address.slice(0, at) + address.slice(at).toLowerCase();
    if (!seen.has(key)) seen.set(key, address);
  }
  return [...seen.values()];
}

/** Writes an address the way people read it: `"Pump, east" <pump@example.com>`. */
export function formatAddress({ name, address }: Address): string {
  if (!name) return address;
  const shown = /^[\p{L}\p{M}\p{N} ]+$/u.test(name) ? name : `"${name.replace(/["\\]/g, '\\$&')}"`;
  return `${shown} <${address}>`;
}

/** The names that address books, databases and mail parsers give an address. */
const ADDRESS_NAMES = ['address', 'email', 'mail'] as const;

/** An address, or what holds some: `{value: [...]}` of a parsed mail, `{emailAddress: {...}}` of Microsoft Graph. */
function parseObject(field: string, value: object, depth: number): Address[] {
  const fields = value as Record<string, unknown>;
  // Some databases give their columns in capitals.
  const keyOf = (name: string) => Object.keys(fields).find((key) => key.toLowerCase() === name);
  const key = ADDRESS_NAMES.map(keyOf).find((one) => one !== undefined && typeof fields[one] === 'string');
  if (key === undefined) {
    const inner = ['value', 'emailAddress'].find(
      (one) => typeof fields[one] === 'object' && fields[one] !== null,
    );
    if (inner !== undefined) return parseAddressList(`${field}.${inner}`, fields[inner], depth + 1);
    throw refusal(field, value, t`has no property "address" with text`);
  }
  const address = fields[key] as string;
  const name = fields[keyOf('name') ?? 'name'];
  if (name !== undefined && name !== null && typeof name !== 'string') {
    throw refusal(`${field}.name`, name, t`is no text`);
  }
  refuseControls(`${field}.${key}`, address.trim());
  refuseControls(`${field}.name`, (name ?? '').trim());
  return [{ name: checkName(field, name ?? ''), address: checkAddress(field, address.trim()) }];
}

function parseText(field: string, text: string): Address[] {
  return splitList(field, text)
    .map((item) => item.trim())
    .filter((item) => item !== '')
    .map((item) => {
      refuseControls(field, item);
      return parseMailbox(field, item);
    });
}

/** Outside of quotation marks and angle brackets. */
const SEPARATOR = /[,;\r\n\u2028\u2029]/;

function splitList(field: string, text: string): string[] {
  const items: string[] = [];
  let quoted = false;
  let angled = false;
  let start = 0;
  for (let i = 0; i < text.length; i++) {
    const character = text[i];
    if (quoted && character === '\\') i++;
    else if (character === '"') quoted = !quoted;
    else if (quoted) continue;
    else if (character === '<') angled = true;
    else if (character === '>') angled = false;
    else if (SEPARATOR.test(character ?? '') && !angled) {
      items.push(text.slice(start, i));
      start = i + 1;
    }
  }
  if (quoted) throw refusal(field, text.slice(start).trim(), t`has a quotation mark without its partner`);
  if (angled) throw refusal(field, text.slice(start).trim(), t`has a "<" without its ">"`);
  items.push(text.slice(start));
  return items;
}

/** One entry of a list: `address`, `<address>` or `name <address>` (RFC 5322 section 3.4). */
function parseMailbox(field: string, item: string): Address {
  const open = indexOutsideQuotes(item, '<');
  if (open < 0) return { name: '', address: checkAddress(field, item) };
  if (!item.endsWith('>') || item.indexOf('>', open) !== item.length - 1) {
    throw refusal(field, item, t`has text after the ">" of an address`);
  }
  const name = readName(field, item, item.slice(0, open));
  return { name, address: checkAddress(field, item.slice(open + 1, -1).trim()) };
}

/** Reads a display name: words with or without quotation marks, these taken off. */
function readName(field: string, item: string, phrase: string): string {
  const name = phrase.replace(/"((?:[^"\\]|\\.)*)"|[@:<>]/g, (match, quoted: string | undefined) => {
    if (quoted === undefined) {
      throw refusal(
        field,
        item,
        t`has ${match} in the name`,
        t`Put the name in quotation marks if it holds ${match}`,
      );
    }
    return quoted.replace(/\\(.)/g, '$1');
  });
  return checkName(field, name);
}

function indexOutsideQuotes(text: string, wanted: string): number {
  let quoted = false;
  for (let i = 0; i < text.length; i++) {
    if (quoted && text[i] === '\\') i++;
    else if (text[i] === '"') quoted = !quoted;
    else if (!quoted && text[i] === wanted) return i;
  }
  return -1;
}
