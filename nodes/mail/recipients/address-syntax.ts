/** What one address and one name may be, and the words for what is wrong with it. */
import { isIPv4, isIPv6 } from 'node:net';
import { domainToASCII } from 'node:url';
import { N_, t, translate } from '../../language/text';
import { MailError } from '../../types';
import { shownValue } from '../template/text-view';

/** Octets; RFC 5321 section 4.5.3.1.1. */
const MAX_LOCAL = 64;
/** Octets; RFC 5321 section 4.5.3.1.3, 256 with the angle brackets. */
const MAX_ADDRESS = 254;
/** Characters; a name longer than this is a mistake, and each mail client would cut it. */
const MAX_NAME = 256;

const SEPARATOR_HINT = N_('Write addresses as name@example.com, separated by commas or semicolons.');

// RFC 5322 atext, and with RFC 6532 every visible character outside ASCII.
const ATOM = String.raw`(?:[A-Za-z0-9!#$%&'*+\-/=?^_\x60{|}~]|(?![\p{C}\p{Z}])[^\x00-\x7f])+`;
const LOCAL_PART = new RegExp(String.raw`^${ATOM}(?:\.${ATOM})*$`, 'u');
// RFC 1123 labels; the underscore is no host name, but hosts on local networks bear it.
const DOMAIN = /^(?!.*[^.]{64})[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*$/i;

/** A display name with its white space tidied; throws MailError BAD_ADDRESS when it is too long. */
export function checkName(field: string, name: string): string {
  const tidy = name.replace(/\s+/g, ' ').trim();
  if (tidy.length > MAX_NAME) throw refusal(field, name, t`is a name of more than ${MAX_NAME} characters`);
  return tidy;
}

/**
 * One address as it goes into the envelope, its domain in ASCII; the scheme that the links of pages have is left out.
 * Throws MailError BAD_ADDRESS with what is wrong.
 */
export function checkAddress(field: string, given: string): string {
  const address = given.replace(/^mailto:\s*/i, '');
  const at = address.lastIndexOf('@');
  const local = address.slice(0, at);
  const domain = address.slice(at + 1);
  const fault = at < 0 ? faultWithoutAt(address) : faultOf(local, domain);
  if (fault) throw refusal(field, address, fault, UNSET.test(address) ? translate(UNSET_HINT) : undefined);
  // eslint-disable-next-line no-control-regex
  const wire = /[^\x00-\x7f]/.test(domain) ? domainToASCII(domain) : domain;
  const whole = `${local}@${wire}`;
  if (Buffer.byteLength(whole) > MAX_ADDRESS) {
    throw refusal(field, address, t`is longer than ${MAX_ADDRESS} octets`);
  }
  return whole;
}

const UNSET = /^(?:undefined|null|nan|\[object \w+\])$/i;
const UNSET_HINT = N_('The value was not set when the text was made: check where the msg gets it from.');

function faultWithoutAt(address: string): string {
  if (/^[\p{L}\p{N}_ .-]{2,60}$/u.test(address) && !UNSET.test(address)) {
    return t`is no e-mail address: it has no @. With a name, write ${`${address} <name@example.com>`}`;
  }
  return address.includes(':') ? t`is a group, which is not supported` : t`is no e-mail address: it has no @`;
}

function faultOf(local: string, domain: string): string | undefined {
  if (local === '' || domain === '') return t`is no e-mail address: something is missing beside the @`;
  if (Buffer.byteLength(local) > MAX_LOCAL) return t`has more than ${MAX_LOCAL} octets before the @`;
  if (local.includes('@')) return t`is no e-mail address: it has more than one @`;
  if (local.includes(':')) return t`is a group, which is not supported`;
  if (/\p{Z}/u.test(local + domain)) return t`is no e-mail address: it holds a space`;
  if (!LOCAL_PART.test(local)) return t`is no e-mail address: the part before the @ is not valid`;
  if (!isDomain(domain)) return t`is no e-mail address: the part after the @ is not valid`;
  return undefined;
}

function isDomain(domain: string): boolean {
  const literal = /^\[(?:(IPv6:)(.*)|(.*))\]$/i.exec(domain);
  if (literal) return literal[1] ? isIPv6(literal[2] ?? '') : isIPv4(literal[3] ?? '');
  // Longer ones are no domain, and the IDNA conversion should not see them.
  if (domain.length > 255) return false;
  // eslint-disable-next-line no-control-regex
  const ascii = /[^\x00-\x7f]/.test(domain) ? domainToASCII(domain) : domain;
  return DOMAIN.test(ascii) && !isIPv4(ascii);
}

/** Throws MailError BAD_ADDRESS for a text with a line break or the like in it. */
export function refuseControls(field: string, text: string): void {
  // A tab is white space like any other.
  if (/[^\P{Cc}\t]|[\u2028\u2029]/u.test(text)) {
    throw refusal(field, text, t`holds a line break or another control character`);
  }
}

/** The error for a value that is not an address: `fault` is what follows the value in the sentence. */
export function refusal(
  field: string,
  value: unknown,
  fault: string,
  hint = translate(SEPARATOR_HINT),
): MailError {
  return new MailError('BAD_ADDRESS', t`${field}: ${shownValue(value)} ${fault}.`, { hint, field });
}
