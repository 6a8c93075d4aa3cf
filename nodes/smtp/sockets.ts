/**
 * The one way to open a connection to the mail server, for mails and for connection tests: the system
 * resolver (hosts file included), each address in turn, the local address of the settings, and the proxy.
 * Errors have the shape of nodemailer's, so the same rules explain them: `code` EDNS, ESOCKET, ETIMEDOUT or
 * EPROXY, the system's code in `originalCode`, `command` CONN.
 */
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { connect, isIP, type LookupFunction, type Socket } from 'node:net';
import { t } from '../language/text';
import type { SmtpSettings } from '../properties/settings';
import { throughProxy } from './proxy-tunnel';

/** The destination, the local side and the proxy. */
export type Route = Pick<SmtpSettings, 'host' | 'port' | 'localAddress' | 'localPort' | 'proxy'>;

export interface Opening {
  /** For the whole opening, from the name lookup to the proxy's answer, ms. */
  timeout: number;
  /** Aborts the opening, which then rejects. */
  signal?: AbortSignal;
  /** Told of each stage when it is complete. */
  progress?: Progress;
}

/** The stages in order. With a proxy, the first two are about the proxy and `proxied` follows. */
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
 * How long to try an address before moving on to the other family, ms: broken IPv6 routes are common. More
 * than the 250 ms of Node.js, which a slow line or one lost packet (sent again after 1 s, RFC 6298) exceeds.
 */
const OTHER_FAMILY_MS = 2_000;

/**
 * Opens a TCP connection to the mail server. Nothing has been read from the socket; it has an `error`
 * listener.
 */
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
    // The proxy looks up the mail server in its own network.
    const first = proxy ?? route;
    const addresses = await addressesOf(first.host);
    if (stopped) return ended;
    resolved = true;
    progress?.resolved?.(addresses.map(({ address }) => address));
    const local = proxy || route.localAddress === null ? null : await localSide(route, addresses);
    if (stopped) return ended;
    socket = connectTo(first, addresses, local, Math.max(end - performance.now(), 1));
    // For the time until the session adds its own listeners.
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

/** All addresses of a host in system order; an IP address stands for itself. */
async function addressesOf(host: string): Promise<Address[]> {
  const family = isIP(host);
  if (family !== 0) return [{ address: host, family }];
  try {
    return await lookup(host, { all: true });
  } catch (error) {
    throw failure(error as SocketError, 'EDNS');
  }
}

/** The local IP address, in a family that the server has too: a socket cannot reach the other family. */
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
    // The messages to a proxy are small, and each waits for an answer.
    noDelay: true,
    lookup: answering(candidates),
    autoSelectFamily: candidates.length > 1,
    // With one family, each address gets an equal share of the time.
    autoSelectFamilyAttemptTimeout: Math.max(
      Math.floor(mixed ? Math.min(share, OTHER_FAMILY_MS) : share),
      10,
    ),
    ...(local === null ? {} : { localAddress: local.address, family: local.family }),
    ...(local === null || local.port === null ? {} : { localPort: local.port }),
  });
}

/** A lookup function that returns known addresses. */
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
  /** One per address tried. */
  errors?: Error[];
}

/** An error in the shape of nodemailer's. As there, a denial by Node.js (`--permission`) keeps its code. */
function failure(error: SocketError, code: string, more: { timeoutType?: string } = {}): Error {
  const { code: original, errors = [] } = error;
  // With several addresses the messages are in the errors of the attempts.
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

/** Marks the failure as one of the proxy: the mail server may be fine. */
function proxyFailure({ message, code, originalCode }: SocketError): Error {
  const original = originalCode ?? (code === 'ETIMEDOUT' ? code : undefined);
  return Object.assign(new Error(message), original === undefined ? {} : { originalCode: original }, {
    code: code === 'ERR_ACCESS_DENIED' ? code : 'EPROXY',
    command: 'CONN',
  });
}
