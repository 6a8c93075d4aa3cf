/**
 * The proxy in front of the mail server.
 */
import { t } from '../../language/text';
import type { Findings } from '../findings';
import { checkedHost, readPort } from './host';
import type { PropertyReader } from '../reader';

export interface Proxy {
  kind: 'http' | 'socks5';
  host: string;
  port: number;
  /** Basic authentication, HTTP only. */
  auth: { user: string; pass: string } | null;
}

/** JavaMail's defaults. */
const HTTP_PORT = 80;
const SOCKS_PORT = 1080;

/** Reads the proxy; as in JavaMail an HTTP proxy wins over a SOCKS proxy. */
export function readProxy(reader: PropertyReader, findings: Findings): Proxy | null {
  const http = reader.text('proxy.host');
  const socks = reader.text('socks.host');
  const httpPort = readPort('proxy.port', reader, findings);
  const socksPort = readPort('socks.port', reader, findings);
  const auth = readAuth(reader, findings);
  if (http !== null) {
    if (socks !== null) {
      findings.warn(
        'SOCKS_UNUSED',
        t`${socks.key} has no effect beside ${http.key}. Remove one of the two.`,
        socks,
      );
    }
    const [, name, port] = /^([^:]+|\[.*\]):(\d{1,5})$/.exec(http.value) ?? [];
    const host = checkedHost({ ...http, value: name ?? http.value }, findings);
    const chosen = httpPort ?? (port === undefined ? HTTP_PORT : Number(port));
    if (chosen < 1 || chosen > 65535) {
      findings.error(
        'PORT_INVALID',
        t`${http.key} is ${findings.show(http.written)}: a port is a number from 1 to 65535.`,
        http,
      );
    }
    return host === null ? null : { kind: 'http', host, port: chosen, auth };
  }
  if (socks === null) return null;
  const host = checkedHost(socks, findings);
  return host === null ? null : { kind: 'socks5', host, port: socksPort ?? SOCKS_PORT, auth: null };
}

function readAuth(reader: PropertyReader, findings: Findings): Proxy['auth'] {
  const user = reader.text('proxy.user');
  const pass = reader.text('proxy.password');
  const given = user ?? pass;
  if (given === null) return null;
  if (user !== null && pass !== null && reader.text('proxy.host') !== null) {
    return { user: user.value, pass: pass.value };
  }
  findings.warn(
    'PROXY_AUTH_UNUSED',
    t`${given.key} has no effect: a login at the proxy needs ${reader.key('proxy.host')},
      ${reader.key('proxy.user')} and ${reader.key('proxy.password')}.`,
    given,
  );
  return null;
}
