/**
 * Which server, and from which local address.
 */
import { isIP, isIPv4 } from 'node:net';
import { domainToASCII, domainToUnicode } from 'node:url';
import { t } from '../../language/text';
import type { Findings } from '../findings';
import { misunderstanding, type Property, type PropertyReader, reason } from '../reader';

export interface LocalSide {
  /** The name said in EHLO; null: the name of this machine. */
  ehloName: string | null;
  /** Local address, or a name of it, to connect from. */
  localAddress: string | null;
  localPort: number | null;
}

/** Reads the server's name or IP address (IPv6 without brackets); null when there is none or it cannot be one. */
export function readHost(reader: PropertyReader, findings: Findings): string | null {
  // As in JavaMail an empty host of the protocol hides mail.host.
  const property = reader.find('host') ?? reader.find('mail.host');
  if (property === null || (property.valid && property.value === '')) {
    const wrongPrefix = findings.errors.some(
      ({ code, key }) => code === 'WRONG_PREFIX' && key?.endsWith('.host'),
    );
    if (!wrongPrefix) {
      findings.error(
        'HOST_MISSING',
        property === null
          ? t`No mail server: ${reader.key('host')} is not set. (JavaMail would connect to localhost.)
              Write ${reader.key('host')}=smtp.example.com`
          : t`No mail server: ${reader.key('host')} is empty. (JavaMail would connect to localhost.)
              Write ${reader.key('host')}=smtp.example.com`,
        property,
      );
    }
    return null;
  }
  return property.valid ? checkedHost(property, findings) : null;
}

/** Whether a host is this machine, so that a password stays on it: `localhost`, 127.0.0.0/8 or ::1. */
export function isThisMachine(host: string): boolean {
  return /^localhost\.?$/i.test(host) || (isIPv4(host) && host.startsWith('127.')) || host === '::1';
}

/** Checks a value that must be one host name or IP address; reports an error and gives null when it is not. */
export function checkedHost(property: Property, findings: Findings): string | null {
  const host = /^\[.*\]$/.test(property.value) ? property.value.slice(1, -1) : property.value;
  if (isIP(host) !== 0 || isHostName(host)) return host;
  const what = findings.mask(whatIsWrong(host, property.key));
  findings.error(
    'HOST_INVALID',
    t`${property.key} is ${findings.show(property.written)}, which is not a host name: ${what}`,
    property,
  );
  return null;
}

/** RFC 1123 names; the underscore is not in it and is found in private networks. */
function isHostName(host: string): boolean {
  const labels = host.replace(/\.$/, '').split('.');
  // An xn-- form that stands for nothing makes every URL with it invalid, also that of a proxy.
  if (isPunycode(host) && !standsForSomething(host)) return false;
  return (
    host.length <= 253 && labels.every((label) => /^[A-Za-z0-9_](?:[\w-]{0,61}[A-Za-z0-9_])?$/.test(label))
  );
}

/** Whether each xn-- label can be decoded. Newer Node.js leaves those that cannot as they are, older gives nothing. */
function standsForSomething(host: string): boolean {
  const unicode = domainToUnicode(host);
  return unicode !== '' && !isPunycode(unicode);
}

function isPunycode(host: string): boolean {
  return /(?:^|\.)xn--/i.test(host);
}

function whatIsWrong(host: string, key: string): string {
  const about = misunderstanding(host);
  if (about !== undefined) return t`${about}. Write only the name.`;
  if (host.includes('://')) return t`it is a URL. Write only the name, and the port as its own property.`;
  if (host.includes('=')) return t`there is another property in it. Write each on its own line.`;
  if (/\s/.test(host)) return t`there is a space in it. Write only the name.`;
  if (host.includes('@')) return t`it is an address. Write the name of the mail server.`;
  const [, name, port] = /^([\w.-]+):(\d{1,5})$/.exec(host) ?? [];
  if (name !== undefined && port !== undefined)
    return t`the port is its own property. Write ${key}=${name} and ${portKey(key)}=${port}`;
  // eslint-disable-next-line no-control-regex -- everything outside ASCII is meant
  if (/[^\x00-\x7f]/.test(host)) {
    const ascii = host.length <= 253 ? domainToASCII(host) : '';
    return ascii === ''
      ? t`only ASCII is allowed. Write it in its xn-- form.`
      : t`only ASCII is allowed. Write ${ascii} in its xn-- form.`;
  }
  if (isPunycode(host)) return t`its xn-- form stands for no name. Copy the name again.`;
  return t`only letters, digits, dots and hyphens are allowed. Write only the name.`;
}

function portKey(key: string): string {
  return key === 'mail.host' ? 'mail.smtp.port' : key.replace(/host$/, 'port');
}

/** Reads what the connection says of this side: EHLO name, local address, local port. */
export function readLocalSide(reader: PropertyReader, behindProxy: boolean, findings: Findings): LocalSide {
  const address = reader.text('localaddress');
  const localAddress = address === null ? null : checkedHost(address, findings);
  const port = readPort('localport', reader, findings, '0');
  const ignored = behindProxy ? t`a proxy makes the connection` : t`${reader.key('localaddress')} is not set`;
  const portProperty = reader.find('localport');
  if (port !== null && portProperty !== null) {
    if (localAddress === null || behindProxy) {
      findings.warn(
        'LOCAL_PORT_UNUSED',
        t`${portProperty.key} has no effect: ${ignored}. Remove it.`,
        portProperty,
      );
    } else {
      findings.warn(
        'LOCAL_PORT_FIXED',
        t`${portProperty.key}=${port} allows one connection at a time. Set the connections to 1, or remove it.`,
        portProperty,
      );
    }
  } else if (address !== null && behindProxy) {
    findings.warn('LOCAL_ADDRESS_UNUSED', t`${address.key} has no effect: ${ignored}. Remove it.`, address);
  }
  return {
    ehloName: readEhloName(reader, localAddress, findings),
    localAddress: behindProxy ? null : localAddress,
    localPort: behindProxy || localAddress === null ? null : port,
  };
}

/** RFC 5321 section 4.1.3: an address stands in brackets where a name is expected. */
function readEhloName(
  reader: PropertyReader,
  localAddress: string | null,
  findings: Findings,
): string | null {
  const property = reader.text('localhost');
  if (property === null) return localAddress === null ? null : bracketed(localAddress);
  if (/^[!-~]+$/.test(property.value)) return bracketed(property.value);
  findings.error(
    'EHLO_NAME_INVALID',
    t`${property.key} is ${findings.show(property.written)}: the name said in EHLO has no spaces and only ASCII.
      Write ${property.key}=host.example.com`,
    property,
  );
  return null;
}

function bracketed(name: string): string {
  const family = isIP(name);
  return family === 0 ? name : family === 4 ? `[${name}]` : `[IPv6:${name}]`;
}

/** Reads a port, 1-65535; null when unset or when the value is JavaMail's word for unset. Anything else is an error. */
export function readPort(
  name: string,
  reader: PropertyReader,
  findings: Findings,
  unset = '-1',
): number | null {
  const property = reader.find(name);
  if (property === null || !property.valid || property.value === unset) return null;
  // As Java reads an int: a sign, leading zeros, 0x.
  const port = /^(?:\+?\d{1,10}|0x[0-9a-fA-F]{1,8})$/.test(property.value)
    ? Number(property.value.replace('+', ''))
    : 0;
  if (port >= 1 && port <= 65535) return port;
  property.valid = false;
  findings.error(
    'PORT_INVALID',
    t`${property.key} is ${findings.show(property.written)}: a port is a number from 1 to 65535${reason(property.value)}.
      Write ${property.key}=587, for example.`,
    property,
  );
  return null;
}
