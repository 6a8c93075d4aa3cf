/** Who may get the mails of a connector at all, and who gets all of them while flows are tested. */
import { domainToASCII } from 'node:url';
import { t } from '../../language/text';
import { MailError } from '../../types';
import { formatAddress, parseOne, type Address } from './addresses';
import type { MailContent } from '../content';
import { recipientsOf, type MailAddresses } from './recipients';
import { escapeHtml } from '../template/escape';

export interface Restrictions {
  /** Null: everybody. */
  allowed: ((address: string) => boolean) | null;
  /** Null: whom the mail is for. */
  redirectTo: Address | null;
}

export const UNRESTRICTED: Restrictions = { allowed: null, redirectTo: null };

/**
 * Reads a list of addresses, `@domain` and `@*.domain`, one a line or separated by commas; null for an empty one, which
 * allows all. Throws MailError CONFIG that names the item.
 */
export function readAllowedRecipients(text: string): Restrictions['allowed'] {
  const items = text
    .split(/[\s,;]+/)
    .map((item) => item.trim())
    .filter((item) => item !== '');
  if (items.length === 0) return null;
  const addresses = new Set<string>();
  const domains = new Set<string>();
  const parents: string[] = [];
  for (const item of items) {
    const [, wildcard, domain] = /^@(\*\.)?([^@*]+)$/.exec(item) ?? [];
    if (domain === undefined) addresses.add(comparable(addressOf(item)));
    else if (!isDomain(domain)) throw unusable(item);
    else if (wildcard === undefined) domains.add(domainOf(`@${domain}`));
    else parents.push(`.${domainOf(`@${domain}`)}`);
  }
  return (address) => {
    const domain = domainOf(address);
    return (
      addresses.has(comparable(address)) ||
      domains.has(domain) ||
      parents.some((parent) => domain.endsWith(parent))
    );
  };
}

/** Throws MailError NOT_ALLOWED that names the recipients of a mail that are not allowed. */
export function checkAllowed(addresses: MailAddresses, { allowed }: Restrictions): void {
  if (allowed === null) return;
  const others = recipientsOf(addresses).filter((address) => !allowed(address));
  if (others.length === 0) return;
  throw new MailError(
    'NOT_ALLOWED',
    t`The connector may not send to ${others.join(', ')} (allowedRecipients)`,
    {
      hint: t`Check the address, or add it to the allowed recipients of the connector.`,
      field: 'to',
    },
  );
}

/** The mail as it goes to the one address of a test, saying whom it was for. */
export function redirected(content: MailContent, to: Address): MailContent {
  const original = recipientsOf(content);
  const line = t`Test: this mail was for ${original.join(', ')}`;
  const { envelope, ...rest } = content;
  return {
    ...rest,
    to: [to],
    cc: [],
    bcc: [],
    ...(envelope?.from === undefined ? {} : { envelope: { from: envelope.from } }),
    ...(content.html === undefined ? {} : { html: withLine(content.html, `<p>${escapeHtml(line)}</p>\n`) }),
    text: `${line}\n\n${content.text}`,
    headers: [...content.headers, { key: 'X-Original-Recipients', value: original.join(', ') }],
  };
}

/** Reads the address of redirectTo; null for an empty one. Throws MailError BAD_ADDRESS. */
export function readRedirectTo(text: string): Address | null {
  return text.trim() === '' ? null : parseOne('redirectTo', text);
}

/** What to tell of a connector whose mails go to one address. */
export function redirectWarning(to: Address): string {
  return t`redirectTo is set: every mail goes to ${formatAddress(to)} alone, whomever it is for.`;
}

/** What comes before the text of a page that has no body tag. */
const BEFORE_TEXT = /^\s*(?:<!doctype\b[^>]*>\s*)?(?:<html\b[^>]*>\s*)?(?:<head\b[^]*?<\/head>\s*)?/i;

/** After what begins a page, so that the page stays one. */
function withLine(html: string, line: string): string {
  const before = /^[^]*?<body\b[^>]*>/i.exec(html) ?? BEFORE_TEXT.exec(html);
  const at = before?.[0].length ?? 0;
  return `${html.slice(0, at)}${at > 0 ? '\n' : ''}${line}${html.slice(at)}`;
}

function addressOf(item: string): string {
  if (item.includes('*')) throw unusable(item);
  try {
    return parseOne('allowedRecipients', item).address;
  } catch {
    throw unusable(item);
  }
}

function unusable(item: string): MailError {
  return new MailError('CONFIG', t`allowedRecipients: "${item}" is not an address, @domain or @*.domain`, {
    hint: t`Write one a line, for example ops@example.com or @example.com.`,
    field: 'allowedRecipients',
  });
}

function isDomain(domain: string): boolean {
  return /^[^.\s]+(?:\.[^.\s]+)*$/.test(domain) && domainToASCII(domain) !== '';
}

/** Mailboxes that differ in case alone are the same nearly everywhere, and a restriction must not be met by case. */
function comparable(address: string): string {
  return address.toLowerCase();
}

function domainOf(address: string): string {
  const domain = address.slice(address.lastIndexOf('@') + 1).toLowerCase();
  return domainToASCII(domain) || domain;
}
