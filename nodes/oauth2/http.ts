/** One bounded HTTP request to an endpoint: in time, in size, without redirects, and with certificates checked. */
import { request as requestClear, type IncomingMessage, type RequestOptions } from 'node:http';
import { request as requestTls } from 'node:https';
import { isIP, type Socket } from 'node:net';
import { connect as connectTls, rootCertificates } from 'node:tls';
import { isThisMachine } from '../properties/read/host';
import { hostOf } from './settings';
import { TokenError } from './token-error';

export interface Network {
  /** Opens a socket to a host through the proxy of the connector; without one, requests go straight. */
  connect?: ((host: string, port: number) => Promise<Socket>) | undefined;
  /** Authorities that are trusted besides the well-known ones, PEM. */
  ca?: readonly (string | Buffer)[] | undefined;
  /** Ends the requests. */
  signal?: AbortSignal | undefined;
  /** Most ms of a request; default {@link REQUEST_MS}. */
  timeout?: number | undefined;
}

export interface Answer {
  status: number;
  /** What Retry-After says, ms. */
  retryAfter: number | null;
  body: string;
}

/** A token endpoint answers within a second or two; mails wait meanwhile. */
export const REQUEST_MS = 20_000;

/** Bytes: answers with a long access token and an id token stay below 20,000. */
const MAX_ANSWER = 262_144;

/** The longest Retry-After that is believed, ms: an endless one would be an outage by itself. */
const MAX_RETRY_AFTER = 3_600_000;

/** Posts a form. Rejects with a TokenError when no complete answer came; any status is an answer. */
export async function post(
  address: string,
  headers: Record<string, string>,
  body: string,
  network: Network,
): Promise<Answer> {
  const url = new URL(address);
  const abort = new AbortController();
  const ms = network.timeout ?? REQUEST_MS;
  const late = new TokenError('timeout', `${url.host}: no answer within ${ms / 1000} s`);
  const timer = setTimeout(() => abort.abort(late), ms);
  const ended = () => abort.abort(new TokenError('aborted', `${url.host}: the request was ended`));
  network.signal?.addEventListener('abort', ended, { once: true });
  if (network.signal?.aborted) ended();
  let socket: Socket | undefined;
  try {
    abort.signal.throwIfAborted();
    const aborted = new Promise<never>((_, reject) => {
      abort.signal.addEventListener('abort', () => reject(abort.signal.reason as Error), { once: true });
    });
    aborted.catch(() => undefined);
    const way = socketFor(url, network).then((made) => {
      socket = made;
      if (abort.signal.aborted) made?.destroy();
      return made;
    });
    const answered = way.then((made) => exchange(url, headers, body, made, network, abort.signal));
    answered.catch(() => undefined);
    return await Promise.race([answered, aborted]);
  } catch (error) {
    if (error instanceof TokenError) throw error;
    throw unreachable(url, error as NodeJS.ErrnoException);
  } finally {
    clearTimeout(timer);
    network.signal?.removeEventListener('abort', ended);
    socket?.destroy();
  }
}

/** The system's words alone: an error of a proxy or of TLS carries its options. */
function unreachable({ host }: URL, { message, code = '' }: NodeJS.ErrnoException): TokenError {
  const kind = /CERT|SELF_SIGNED|ALTNAME|UNABLE_TO_(?:GET|VERIFY)/.test(code) ? 'certificate' : 'unreachable';
  return new TokenError(kind, `${host}: ${message}`);
}

/** A connected and, for https, encrypted socket through the proxy; undefined: Node.js opens its own. */
async function socketFor(url: URL, { connect, ca }: Network): Promise<Socket | undefined> {
  const host = hostOf(url);
  // What is on this machine is not behind a proxy, and there `localhost` would be another one.
  if (!connect || isThisMachine(host)) return undefined;
  const clear = url.protocol === 'http:';
  const socket = await connect(host, Number(url.port) || (clear ? 80 : 443));
  if (clear) return socket;
  const secured = connectTls({
    socket,
    host,
    ...(isIP(host) === 0 ? { servername: host } : {}),
    ...trust(ca),
  });
  return new Promise((resolve, reject) => {
    secured.once('secureConnect', () => resolve(secured));
    secured.once('error', (error: Error) => {
      socket.destroy();
      reject(error);
    });
  });
}

function trust(ca: Network['ca']): { ca?: (string | Buffer)[] } {
  return ca && ca.length > 0 ? { ca: [...rootCertificates, ...ca] } : {};
}

function exchange(
  url: URL,
  headers: Record<string, string>,
  body: string,
  socket: Socket | undefined,
  { ca }: Network,
  signal: AbortSignal,
): Promise<Answer> {
  const options: RequestOptions = {
    method: 'POST',
    signal,
    headers: { ...headers, 'content-length': Buffer.byteLength(body), connection: 'close' },
    // An agent would open a socket of its own.
    ...(socket ? { createConnection: () => socket } : { agent: false }),
  };
  return new Promise((resolve, reject) => {
    const take = (response: IncomingMessage) => void readAnswer(url, response).then(resolve, reject);
    const request =
      url.protocol === 'http:'
        ? requestClear(url, options, take)
        : requestTls(url, { ...options, ...trust(ca) }, take);
    request.on('error', reject);
    request.end(body);
  });
}

async function readAnswer(url: URL, response: IncomingMessage): Promise<Answer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of response as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > MAX_ANSWER) {
      response.destroy();
      throw new TokenError('malformed', `${url.host}: the answer is longer than ${MAX_ANSWER} bytes`);
    }
    chunks.push(chunk);
  }
  return {
    status: response.statusCode ?? 0,
    retryAfter: readRetryAfter(response.headers['retry-after'], Date.now()),
    body: Buffer.concat(chunks).toString('utf8'),
  };
}

/** Retry-After as seconds or a date (RFC 9110 section 10.2.3), in ms from `now`; null when it says nothing. */
export function readRetryAfter(value: string | undefined, now: number): number | null {
  if (value === undefined) return null;
  const ms = /^\d+$/.test(value.trim()) ? Number(value) * 1000 : Date.parse(value) - now;
  return Number.isFinite(ms) && ms > 0 ? Math.min(ms, MAX_RETRY_AFTER) : null;
}
