/**
 * What the properties say about every mail: senders, and the delivery reports asked for.
 */
import { domainToASCII } from 'node:url';
import { t } from '../../language/text';
import type { Findings } from '../findings';
import type { Property, PropertyReader } from '../reader';

/** Delivery status notifications, RFC 3461. */
export interface Dsn {
  /** NEVER alone, or some of SUCCESS, FAILURE, DELAY; null: not asked. */
  notify: string[] | null;
  ret: 'FULL' | 'HDRS' | null;
}

const NOTIFY: readonly string[] = ['NEVER', 'SUCCESS', 'FAILURE', 'DELAY'];

/** Reads the envelope sender of every mail; '' is the null sender, null means that the From of the mail is used. */
export function readEnvelopeFrom(reader: PropertyReader, findings: Findings): string | null {
  const property = reader.text('from');
  if (property === null) return null;
  if (/^<\s*>$/.test(property.value)) return '';
  const address = /^<(.*)>$/.exec(property.value)?.[1] ?? property.value;
  if (/^[^\s<>@,;"]+@[^\s<>@,;"]+$/.test(address)) return withAsciiDomain(address);
  findings.error(
    'FROM_INVALID',
    t`${property.key} is ${findings.show(property.written)}: the envelope sender is one bare address.
      Write ${property.key}=bounce@example.com, or ${property.key}=<> for the null sender.`,
    property,
  );
  return null;
}

/** A domain goes over the wire in ASCII, whatever the server offers; what is no domain stays as it is. */
function withAsciiDomain(address: string): string {
  const at = address.lastIndexOf('@') + 1;
  const domain = address.slice(at);
  // eslint-disable-next-line no-control-regex
  return /^[\x00-\x7f]*$/.test(domain) ? address : address.slice(0, at) + (domainToASCII(domain) || domain);
}

/** Reads the From of mails that name none; null when there is none. It may have a name: `Plant 3 <a@b>`. */
export function readDefaultFrom(reader: PropertyReader, findings: Findings): string | null {
  const property = reader.text('mail.from');
  if (property === null) return null;
  const address = /^[^<>]*<([^<>]*)>$/.exec(property.value)?.[1] ?? property.value;
  if (/^[^\s<>@]+@[^\s<>@]+$/.test(address)) return property.value;
  findings.error(
    'FROM_INVALID',
    t`${property.key} is ${findings.show(property.written)}, which is not an address. Write ${property.key}=alerts@example.com`,
    property,
  );
  return null;
}

/** Reads which delivery reports to ask for; null when none is mentioned. */
export function readDsn(reader: PropertyReader, findings: Findings): Dsn | null {
  const notify = reader.find('dsn.notify');
  const ret = reader.find('dsn.ret');
  if (notify === null && ret === null) return null;
  return {
    notify: notify === null || !notify.valid ? null : readNotify(notify, findings),
    ret: ret === null || !ret.valid ? null : readRet(ret, findings),
  };
}

function readNotify(property: Property, findings: Findings): string[] | null {
  const words = property.value
    .toUpperCase()
    .split(',')
    .map((word) => word.trim());
  const valid =
    words.every((word) => NOTIFY.includes(word)) && (words.length === 1 || !words.includes('NEVER'));
  if (valid) return words;
  findings.error(
    'DSN_INVALID',
    t`${property.key} is ${findings.show(property.written)}: it is NEVER, or some of SUCCESS,FAILURE,DELAY.
      Write ${property.key}=FAILURE,DELAY, for example, or remove it.`,
    property,
  );
  return null;
}

function readRet(property: Property, findings: Findings): Dsn['ret'] {
  const word = property.value.toUpperCase();
  if (word === 'FULL' || word === 'HDRS') return word;
  findings.error(
    'DSN_INVALID',
    t`${property.key} is ${findings.show(property.written)}: it is FULL (the whole mail) or HDRS (its headers).
      Write ${property.key}=HDRS, or remove it.`,
    property,
  );
  return null;
}
