/** A way through a proxy: HTTP CONNECT (RFC 9110 section 9.3.6) or SOCKS 5 (RFC 1928) over a socket that leads to it. */
import { isIP, type Socket } from 'node:net';
import { t } from '../language/text';
import type { Proxy } from '../properties/read/proxy';

interface Destination {
  host: string;
  port: number;
}

/** Bytes of the answer of a proxy that are read. */
const LONGEST_ANSWER = 16_384;

/** Characters of it that are quoted. */
const LONGEST_QUOTE = 200;

/** RFC 1928 section 6. */
const SOCKS_REPLIES = [
  'succeeded',
  'general SOCKS server failure',
  'connection not allowed by ruleset',
  'Network unreachable',
  'Host unreachable',
  'Connection refused',
  'TTL expired',
  'Command not supported',
  'Address type not supported',
];

/**
 * Asks the proxy for a connection to the destination. What came behind its answer, such as the greeting of the mail
 * server, is left in the socket, which is paused. Rejects with the words of the proxy, and when the socket closes.
 */
export function throughProxy(socket: Socket, proxy: Proxy, destination: Destination): Promise<void> {
  return proxy.kind === 'http' ? overHttp(socket, proxy, destination) : overSocks(socket, destination);
}

async function overHttp(socket: Socket, { auth }: Proxy, { host, port }: Destination): Promise<void> {
  const authority = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  const login =
    auth === null
      ? ''
      : `Proxy-Authorization: Basic ${Buffer.from(`${auth.user}:${auth.pass}`).toString('base64')}\r\n`;
  socket.write(`CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n${login}\r\n`);
  const answer = await read(socket, (bytes) => {
    const end = bytes.indexOf('\r\n\r\n');
    return end < 0 ? 0 : end + 4;
  });
  const status = answer.toString('latin1', 0, Math.max(answer.indexOf('\r\n'), 0));
  if (!/^HTTP\/\d\.\d 2\d\d\b/.test(status)) {
    throw new Error(status.slice(0, LONGEST_QUOTE) || t`no HTTP answer`);
  }
}

async function overSocks(socket: Socket, destination: Destination): Promise<void> {
  // One way to log in: none.
  socket.write(Buffer.from([5, 1, 0]));
  const [, method] = await readSocks(socket, () => 2);
  if (method !== 0) throw new Error(t`the SOCKS proxy wants a login, which is not supported`);
  socket.write(Buffer.from([5, 1, 0, ...socksAddress(destination)]));
  const [, reply = 0] = await readSocks(socket, (bytes) => {
    if (bytes.length < 5) return 5;
    return { 1: 10, 4: 22 }[bytes[3] ?? 0] ?? 7 + (bytes[4] ?? 0);
  });
  if (reply !== 0) {
    const words = SOCKS_REPLIES[reply] ?? t`unknown`;
    throw new Error(t`the SOCKS proxy answered ${reply}: ${words}`);
  }
}

/** An answer of so many bytes; `length` may tell more of them when more are there. */
function readSocks(socket: Socket, length: (bytes: Buffer) => number): Promise<Buffer> {
  return read(socket, (bytes) => {
    if (bytes[0] !== 5) throw new Error(t`no answer of a SOCKS 5 proxy`);
    const refused = bytes.length >= 2 && bytes[1] !== 0;
    // The rest of a refusal says nothing, and some proxies leave it out.
    if (refused) return 2;
    const needed = length(bytes);
    return bytes.length >= needed ? needed : 0;
  });
}

/** Type, address and port (RFC 1928 section 5); a name is looked up by the proxy. */
function socksAddress({ host, port }: Destination): number[] {
  const portBytes = [port >> 8, port & 0xff];
  switch (isIP(host)) {
    case 4:
      return [1, ...host.split('.').map(Number), ...portBytes];
    case 6:
      return [4, ...ipv6Bytes(host), ...portBytes];
    default: {
      const name = Buffer.from(host);
      return [3, name.length, ...name, ...portBytes];
    }
  }
}

function ipv6Bytes(address: string): number[] {
  // The URL has it without a dotted IPv4 part.
  const [left = [], right = []] = new URL(`http://[${address}]`).hostname
    .slice(1, -1)
    .split('::')
    .map((part) => part.split(':').flatMap((group) => (group === '' ? [] : Number.parseInt(group, 16))));
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => 0);
  return [...left, ...zeros, ...right].flatMap((group) => [group >> 8, group & 0xff]);
}

/** Reads an answer; `lengthOf` says how long it is, 0 while that is not known, or throws when it is none. */
async function read(socket: Socket, lengthOf: (bytes: Buffer) => number): Promise<Buffer> {
  let bytes = Buffer.alloc(0);
  for (;;) {
    bytes = Buffer.concat([bytes, await nextChunk(socket)]);
    const length = lengthOf(bytes);
    if (length > 0) {
      if (bytes.length > length) socket.unshift(bytes.subarray(length));
      return bytes.subarray(0, length);
    }
    if (bytes.length > LONGEST_ANSWER) throw new Error(t`its answer has no end`);
  }
}

/** The bytes that come next; the socket is paused behind them. */
function nextChunk(socket: Socket): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const finish = (act: () => void) => {
      socket.off('data', onData).off('close', onClose).pause();
      act();
    };
    const onClose = () => finish(() => reject(new Error(t`it closed the connection`)));
    const onData = (chunk: Buffer) => finish(() => resolve(chunk));
    socket.on('data', onData).on('close', onClose).resume();
  });
}
