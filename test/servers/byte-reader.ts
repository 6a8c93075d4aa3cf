/** Reads SMTP lines and message bodies from a socket, and only as much as is asked for. */
import type { Duplex } from 'node:stream';

export interface ByteReader {
  /** Without its line end; null when the connection is over. */
  line: () => Promise<string | null>;
  /**
   * The body up to and without the final dot, dot-stuffing undone; null when the connection is over.
   *
   * @param beforeChunk is awaited before each piece is read; false ends the reading with null
   * @param atMost bytes of a piece
   */
  body: (beforeChunk: (bytesSoFar: number) => Promise<boolean>, atMost?: number) => Promise<Buffer | null>;
  /** Goes on with another stream, as after STARTTLS; what was read ahead in clear is dropped (RFC 3207 4.2). */
  continueOn: (stream: Duplex) => void;
}

const CRLF = '\r\n';
const END_OF_BODY = Buffer.from('\r\n.\r\n');

function readChunk(stream: Duplex, atMost = Infinity): Promise<Buffer | null> {
  return new Promise((resolve) => {
    const end = (chunk: Buffer | null): void => {
      stream.off('readable', tryRead).off('end', giveUp).off('close', giveUp);
      resolve(chunk);
    };
    const giveUp = (): void => end(null);
    const tryRead = (): void => {
      // Without a size, read() gives all there is; with one that is not there yet, nothing.
      const size = Math.min(atMost, stream.readableLength);
      const chunk = stream.read(size > 0 ? size : undefined) as Buffer | null;
      if (chunk !== null) end(chunk);
    };
    if (stream.destroyed || stream.readableEnded) {
      resolve(null);
      return;
    }
    stream.on('readable', tryRead).on('end', giveUp).on('close', giveUp);
    tryRead();
  });
}

/** Makes a reader over a connected stream. */
export function createByteReader(first: Duplex): ByteReader {
  let stream = first;
  let ahead = Buffer.alloc(0);

  return {
    async line() {
      for (;;) {
        const end = ahead.indexOf(CRLF);
        if (end >= 0) {
          const line = ahead.toString('utf8', 0, end);
          ahead = ahead.subarray(end + CRLF.length);
          return line;
        }
        const chunk = await readChunk(stream);
        if (!chunk) return null;
        ahead = Buffer.concat([ahead, chunk]);
      }
    },

    async body(beforeChunk, atMost) {
      // The CRLF that ended DATA also starts an empty body's end (RFC 5321 4.1.1.4).
      const pieces: Buffer[] = [Buffer.from(CRLF)];
      let size = 0;
      let tail = pieces[0] as Buffer;
      for (;;) {
        if (!(await beforeChunk(size))) return null;
        const chunk: Buffer | null = ahead.length > 0 ? ahead : await readChunk(stream, atMost);
        ahead = Buffer.alloc(0);
        if (!chunk) return null;
        const window = Buffer.concat([tail, chunk]);
        const end = window.indexOf(END_OF_BODY);
        if (end >= 0) {
          const rest = window.subarray(end + END_OF_BODY.length);
          pieces.push(chunk.subarray(0, chunk.length - rest.length));
          ahead = Buffer.from(rest);
          const whole = Buffer.concat(pieces);
          const content = whole.subarray(CRLF.length, Math.max(CRLF.length, whole.length - 3));
          return Buffer.from(content.toString('latin1').replace(/^\.\./gm, '.'), 'latin1');
        }
        pieces.push(chunk);
        size += chunk.length;
        tail = window.subarray(-(END_OF_BODY.length - 1));
      }
    },

    continueOn(next) {
      stream = next;
      ahead = Buffer.alloc(0);
    },
  };
}
