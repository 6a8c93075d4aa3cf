/** The way to the mail server: its address, a TCP connection, and a proxy in between. */
import { lookup } from 'node:dns/promises';
import { connect, isIP, type LookupFunction, type Socket } from 'node:net';
import { SocksClient } from 'socks';
import { t } from '../language/text';
import type { SmtpSettings } from '../properties/settings';
import { MailError } from '../types';
import { failure } from './dialogue';

export interface Destination {
  host: string;
  port: number;
}

interface Address {
  address: string;
  family: number;
}

/** Characters of the answer of an HTTP proxy that are read. */
const LONGEST_HEADER = 16_384;

/** The addresses of a host by the resolver of this machine; an IP address is its own. */
export async function resolveHost(host: string, ms: number): Promise<Address[]> {
  const family = isIP(host);
  if (family !== 0) return [{ address: host, family }];
  try {
    return await within(ms, 'CONNECT_TIMEOUT', lookup(host, { all: true }));
  } catch (error) {
    const { code, message } = error as NodeJS.ErrnoException;
    if (code === 'ETIMEDOUT') throw error;
    throw failure(message, { code: 'EDNS', originalCode: code, command: 'CONN' });
  }
}

/** Connects to one of the addresses, from the local address and port of the settings if they say so. */
export async function openSocket(
  { host, port }: Destination,
  addresses: Address[],
  settings: Pick<SmtpSettings, 'localAddress' | 'localPort'>,
  limit: { ms: number; signal: AbortSignal },
): Promise<Socket> {
  const local = settings.localAddress === null ? null : await lookup(settings.localAddress);
  // A socket that is bound to one family can not reach the other.
  const usable = addresses.filter(({ family }) => local === null || family === local.family);
  const candidates = usable.length > 0 ? usable : addresses;
  const socket = connect({
    host,
    port,
    lookup: addressesFirst(candidates),
    autoSelectFamily: candidates.length > 1,
    autoSelectFamilyAttemptTimeout: Math.max(Math.floor(limit.ms / candidates.length), 10),
    ...(local === null ? {} : { localAddress: local.address, family: local.family }),
    ...(settings.localPort === null ? {} : { localPort: settings.localPort }),
  });
  // Whoever reads from it has a listener of its own; this one is for the time in between.
  socket.on('error', () => undefined);
  const abort = () => socket.destroy();
  limit.signal.addEventListener('abort', abort, { once: true });
  socket.once('close', () => limit.signal.removeEventListener('abort', abort));
  if (limit.signal.aborted) abort();
  try {
    await within(limit.ms, 'CONNECT_TIMEOUT', connected(socket));
    return socket;
  } catch (error) {
    socket.destroy();
    throw error;
  }
}

/** Asks a proxy, to which the socket is connected, for a connection to the mail server. */
export async function throughProxy(
  socket: Socket,
  proxy: NonNullable<SmtpSettings['proxy']>,
  destination: Destination,
  ms: number,
): Promise<void> {
  if (proxy.kind === 'http') {
    return within(ms, 'CONNECT_TIMEOUT', httpConnect(socket, proxy.auth, destination));
  }
  try {
    await SocksClient.createConnection({
      proxy: { ipaddress: proxy.host, port: proxy.port, type: 5 },
      destination,
      command: 'connect',
      existing_socket: socket,
      timeout: ms,
    });
  } catch (error) {
    throw proxyError((error as Error).message);
  }
}

/** The outcome of a promise, or the failure of the transport for a timeout of this type. */
export async function within<T>(ms: number, timeoutType: string, work: Promise<T>): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const fields = { code: 'ETIMEDOUT', timeoutType, command: 'CONN' };
    timer = setTimeout(() => reject(failure(t`No answer within ${ms} ms`, fields)), ms);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

function addressesFirst(addresses: Address[]): LookupFunction {
  return (_host, options, callback) => {
    const first = addresses[0] as Address;
    if (options.all) callback(null, addresses);
    else callback(null, first.address, first.family);
  };
}

function connected(socket: Socket): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.once('connect', resolve);
    socket.once('close', () =>
      reject(failure('Connection closed', { code: 'ECONNECTION', command: 'CONN' })),
    );
    socket.once('error', (error: NodeJS.ErrnoException & { errors?: Error[] }) => {
      // With several addresses the words are in the errors of the attempts.
      const message =
        error.message || error.errors?.map((one) => one.message).join('; ') || t`no reason given`;
      reject(failure(message, { code: 'ESOCKET', originalCode: error.code, command: 'CONN' }));
    });
  });
}

/** RFC 9110 section 9.3.6. */
function httpConnect(
  socket: Socket,
  auth: { user: string; pass: string } | null,
  { host, port }: Destination,
): Promise<void> {
  const authority = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const login =
    auth === null
      ? ''
      : `Proxy-Authorization: Basic ${Buffer.from(`${auth.user}:${auth.pass}`).toString('base64')}\r\n`;
  socket.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n${login}\r\n`);
  return new Promise((resolve, reject) => {
    let head = Buffer.alloc(0);
    const finish = (act: () => void) => {
      socket.off('data', onData).off('close', onClose);
      socket.pause();
      act();
    };
    const onClose = () => finish(() => reject(proxyError(t`it closed the connection`)));
    const onData = (chunk: Buffer) => {
      head = Buffer.concat([head, chunk]);
      const end = head.indexOf('\r\n\r\n');
      if (end < 0 && head.length < LONGEST_HEADER) return;
      const status = head.toString('latin1', 0, Math.max(head.indexOf('\r\n'), 0));
      if (!/^HTTP\/\d\.\d 2\d\d\b/.test(status))
        return finish(() => reject(proxyError(status || t`no HTTP answer`)));
      finish(() => {
        // A greeting may come together with the answer of the proxy.
        if (head.length > end + 4) socket.unshift(head.subarray(end + 4));
        resolve();
      });
    };
    socket.on('data', onData).on('close', onClose);
  });
}

function proxyError(words: string): MailError {
  return new MailError('PROXY', t`The proxy gave no connection to the mail server: ${words.slice(0, 200)}`, {
    hint: t`Check mail.smtp.proxy.* or mail.smtp.socks.*, and that the proxy allows this host and port.`,
  });
}
