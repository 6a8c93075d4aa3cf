/**
 * Proxies on 127.0.0.1. Each connects everybody to one server, whatever host was asked for, so that a test can use the
 * names and ports of the world, and remembers what was asked.
 */
import net, { type AddressInfo, type Socket } from 'node:net';
import { createJournal, type Journal } from './journal';

export interface ProxyRequest {
  /** As it was asked for: a name, or an IP address; that of IPv6 over SOCKS in hexadecimal. */
  host: string;
  port: number;
  /** `user:password` of a Basic login; null without one. */
  login: string | null;
}

export interface ProxyOptions {
  /** Where everybody is connected to. */
  target: { host: string; port: number };
  /** The only Basic login that is accepted, `user:password`; default: none is asked for. */
  login?: string;
  /** Sent instead of the usual answer, and ends the connection. */
  answer?: (request: ProxyRequest) => string | Buffer;
  /** The SOCKS proxy holds its answer back until the server said something, and sends both in one piece. */
  withGreeting?: boolean;
}

export interface Proxy {
  host: string;
  port: number;
  requests: Journal<ProxyRequest>;
  /** Breaks all connections and frees the port. */
  close: () => Promise<void>;
}

/** Handles a connection up to the tunnel; rejects when it is over before. */
type Negotiate = (
  socket: Socket,
  options: ProxyOptions,
  take: (request: ProxyRequest) => void,
) => Promise<boolean>;

/** Starts an HTTP proxy that knows CONNECT (RFC 9110 section 9.3.6). */
export function startHttpProxy(options: ProxyOptions): Promise<Proxy> {
  return start(options, negotiateHttp);
}

/** Starts a SOCKS5 proxy without login (RFC 1928). */
export function startSocksProxy(options: ProxyOptions): Promise<Proxy> {
  return start(options, negotiateSocks);
}

async function negotiateHttp(socket: Socket, options: ProxyOptions, take: (request: ProxyRequest) => void) {
  const head = (await readUntil(socket, (bytes) => bytes.includes('\r\n\r\n'))).toString('latin1');
  const [, host = '', port] = /^CONNECT \[?([^\s\]]+?)\]?:(\d+) HTTP\/1\.1\r\n/.exec(head) ?? [];
  const basic = /^Proxy-Authorization: Basic (\S+)\r$/im.exec(head)?.[1];
  const login = basic === undefined ? null : Buffer.from(basic, 'base64').toString('utf8');
  const request = { host, port: Number(port), login };
  take(request);
  if (options.answer) {
    socket.end(options.answer(request));
    return false;
  }
  if (options.login !== undefined && options.login !== login) {
    socket.end(
      'HTTP/1.1 407 Proxy Authentication Required\r\nProxy-Authenticate: Basic realm="test"\r\n\r\n',
    );
    return false;
  }
  socket.write('HTTP/1.1 200 Connection established\r\n\r\n');
  return true;
}

async function negotiateSocks(socket: Socket, options: ProxyOptions, take: (request: ProxyRequest) => void) {
  await readUntil(socket, (bytes) => bytes.length >= 2 && bytes.length >= 2 + (bytes[1] ?? 0));
  socket.write(Buffer.from([5, 0]));
  const addressEnd = (bytes: Buffer) => (bytes[3] === 1 ? 8 : bytes[3] === 4 ? 20 : 5 + (bytes[4] ?? 0));
  const bytes = await readUntil(
    socket,
    (soFar) => soFar.length >= 5 && soFar.length >= addressEnd(soFar) + 2,
  );
  const end = addressEnd(bytes);
  const host =
    bytes[3] === 1
      ? bytes.subarray(4, end).join('.')
      : bytes[3] === 4
        ? bytes.toString('hex', 4, end)
        : bytes.toString('latin1', 5, end);
  const request = { host, port: bytes.readUInt16BE(end), login: null };
  take(request);
  if (options.answer) {
    socket.end(options.answer(request));
    return false;
  }
  const answer = Buffer.from([5, 0, 0, 1, 0, 0, 0, 0, 0, 0]);
  if (options.withGreeting) socket.cork();
  socket.write(answer);
  return true;
}

/** Collects what comes until it is complete. Clients wait for the answer then, so nothing is read too far. */
function readUntil(socket: Socket, complete: (bytes: Buffer) => boolean): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    let bytes = Buffer.alloc(0);
    const onData = (chunk: Buffer) => {
      bytes = Buffer.concat([bytes, chunk]);
      if (!complete(bytes)) return;
      socket.off('data', onData).off('close', onClose).pause();
      resolve(bytes);
    };
    const onClose = () => reject(new Error('the client went away'));
    socket.on('data', onData).on('close', onClose).resume();
  });
}

async function start(options: ProxyOptions, negotiate: Negotiate): Promise<Proxy> {
  const requests = createJournal<ProxyRequest>('requests', ({ host, port }) => `${host}:${port}`);
  const sockets = new Set<Socket>();
  const own = (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).once('close', () => sockets.delete(socket));
  };
  const listener = net.createServer((socket) => {
    own(socket);
    negotiate(socket, options, requests.add).then(
      (accepted) => {
        if (!accepted) return;
        const { host, port } = options.target;
        const upstream = net.connect({ host, port });
        own(upstream);
        // An end without data does not pass through a pipe: what breaks on one side breaks on the other.
        socket.once('close', () => upstream.destroy());
        upstream.once('close', () => socket.destroy());
        upstream.once('data', () => setImmediate(() => socket.uncork()));
        socket.pipe(upstream).pipe(socket);
      },
      () => socket.destroy(),
    );
  });
  await new Promise<void>((resolve, reject) => {
    listener.once('error', reject);
    listener.listen(0, '127.0.0.1', () => resolve());
  });
  return {
    host: '127.0.0.1',
    port: (listener.address() as AddressInfo).port,
    requests,
    close: () =>
      new Promise((resolve) => {
        listener.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}
