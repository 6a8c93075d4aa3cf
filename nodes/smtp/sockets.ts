/**
 * The one way to open a connection to the mail server, for mails as well as for connection tests: the resolver of the
 * system (hosts file included), one address after the other, the local address of the settings, the proxy in between.
 * Errors look like nodemailer's own, so that the same rules explain them: `code` EDNS, ESOCKET, ETIMEDOUT or EPROXY,
 * the code of the system in `originalCode`, `command` CONN.
 */
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { connect, isIP, type LookupFunction, type Socket } from 'node:net';
import { t } from '../language/text';
import type { SmtpSettings } from '../properties/settings';
import { throughProxy } from './proxy-tunnel';

/** Where to, where from, and through what. */
export type Route = Pick<SmtpSettings, 'host' | 'port' | 'localAddress' | 'localPort' | 'proxy'>;

export interface Opening {
  /** For everything from the look-up of the name to the answer of the proxy, ms. */
  timeout: number;
  /** Ends the opening; it rejects then. */
  signal?: AbortSignal;
  /** Told of each stage as it is reached. */
  progress?: Progress;
}

/** The stages of an opening, in their order; `proxied` comes only with a proxy, and the others are about it then. */
export interface Progress {
  resolved?(addresses: string[]): void;
  connected?(socket: Socket): void;
  proxied?(): void;
}

interface Address {
  address: string;
  family: number;
}

/**
 * How long an address may keep one of the other family from being tried, ms: IPv6 that leads nowhere is common. Longer
 * than the 250 ms of Node.js, which a slow line or one lost packet (repeated after 1 s, RFC 6298) exceeds.
 */
const OTHER_FAMILY_MS = 2_000;

/** Opens a TCP connection to the mail server. The socket has not been read from; it has a listener for errors. */
export async function openSocket(route: Route, { timeout, signal, progress }: Opening): Promise<Socket> {
  const { proxy } = route;
  const end = performance.now() + timeout;
  let socket: Socket | undefined;
  let resolved = false;
  let stopped = false;
  let giveUp: (reason: Error) => void = () => undefined;
  const ended = new Promise<never>((_, reject) => (giveUp = reject));
  const stop = (reason: Error) => {
    stopped = true;
    socket?.destroy();
    giveUp(reason);
  };
  const onAbort = () => stop(new Error(t`The session was closed while it was opened`));

  async function open(): Promise<Socket> {
    // The server is looked up by the proxy, which has its own network.
    const first = proxy ?? route;
    const addresses = await addressesOf(first.host);
    if (stopped) return ended;
    resolved = true;
    progress?.resolved?.(addresses.map(({ address }) => address));
    const local = proxy || route.localAddress === null ? null : await localSide(route, addresses);
    if (stopped) return ended;
    socket = connectTo(first, addresses, local, Math.max(end - performance.now(), 1));
    // Whoever works with it has a listener of its own; this one is for the time in between.
    socket.on('error', () => undefined);
    await once(socket, 'connect').catch((error: SocketError) => {
      throw failure(error, 'ESOCKET');
    });
    progress?.connected?.(socket);
    if (proxy) {
      await throughProxy(socket, proxy, route);
      progress?.proxied?.();
    }
    return socket;
  }

  const timer = setTimeout(() => stop(tooLate(timeout, resolved)), timeout);
  signal?.addEventListener('abort', onAbort, { once: true });
  if (signal?.aborted) onAbort();
  try {
    return await Promise.race([ended, open()]);
  } catch (error) {
    socket?.destroy();
    throw proxy && !signal?.aborted ? proxyFailure(error as SocketError) : error;
  } finally {
    clearTimeout(timer);
    signal?.removeEventListener('abort', onAbort);
  }
}

/** All addresses of a host, in the order of the system; an IP address is its own. */
async function addressesOf(host: string): Promise<Address[]> {
  const family = isIP(host);
  if (family !== 0) return [{ address: host, family }];
  try {
    return await lookup(host, { all: true });
  } catch (error) {
    throw failure(error as SocketError, 'EDNS');
  }
}

/** The local address as an IP address, of a family in which the server has one: no socket reaches the other family. */
async function localSide({ localAddress, localPort }: Route, addresses: Address[]) {
  const candidates = await lookup(localAddress ?? '', { all: true }).catch((error: SocketError) => {
    throw failure(error, 'ESOCKET');
  });
  const reachable = candidates.find(({ family }) => addresses.some((one) => one.family === family));
  return { ...((reachable ?? candidates[0]) as Address), port: localPort };
}

function connectTo(
  { host, port }: { host: string; port: number },
  addresses: Address[],
  local: (Address & { port: number | null }) | null,
  ms: number,
): Socket {
  const usable = addresses.filter(({ family }) => local === null || family === local.family);
  const candidates = usable.length > 0 ? usable : addresses;
  const share = ms / candidates.length;
  const mixed = new Set(candidates.map(({ family }) => family)).size > 1;
  return connect({
    host,
    port,
    // The steps of a proxy are small and wait for each other.
    noDelay: true,
    lookup: answering(candidates),
    autoSelectFamily: candidates.length > 1,
    // An address of the only family gets its share of the time.
    autoSelectFamilyAttemptTimeout: Math.max(
      Math.floor(mixed ? Math.min(share, OTHER_FAMILY_MS) : share),
      10,
    ),
    ...(local === null ? {} : { localAddress: local.address, family: local.family }),
    ...(local === null || local.port === null ? {} : { localPort: local.port }),
  });
}

/** A look-up whose answer is known already. */
function answering(addresses: Address[]): LookupFunction {
  return (_host, options, callback) => {
    const first = addresses[0] as Address;
    if (options.all) callback(null, addresses);
    else callback(null, first.address, first.family);
  };
}

interface SocketError extends Error {
  code?: string;
  originalCode?: string;
  /** Of each address that was tried. */
  errors?: Error[];
}

/** A new error in the shape of nodemailer's. A denial of Node.js (`--permission`) keeps its code, as there. */
function failure(error: SocketError, code: string, more: { timeoutType?: string } = {}): Error {
  const { code: original, errors = [] } = error;
  // With several addresses the words are in the errors of the attempts.
  const message = error.message || errors.map((one) => one.message).join('; ') || t`no reason given`;
  return Object.assign(new Error(message), more, {
    ...(original === undefined ? {} : { originalCode: original }),
    code: original === 'ERR_ACCESS_DENIED' ? original : code,
    command: 'CONN',
  });
}

function tooLate(ms: number, resolved: boolean): Error {
  const error = new Error(t`No answer within ${ms} ms`);
  return resolved
    ? failure(error, 'ETIMEDOUT', { timeoutType: 'CONNECT_TIMEOUT' })
    : failure(Object.assign(error, { code: 'ETIMEOUT' }), 'EDNS');
}

/** The mail server may be well: it is the proxy that has to be looked at. */
function proxyFailure({ message, code, originalCode }: SocketError): Error {
  const original = originalCode ?? (code === 'ETIMEDOUT' ? code : undefined);
  return Object.assign(new Error(message), original === undefined ? {} : { originalCode: original }, {
    code: code === 'ERR_ACCESS_DENIED' ? code : 'EPROXY',
    command: 'CONN',
  });
}
