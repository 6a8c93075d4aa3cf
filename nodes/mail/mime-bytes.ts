/** Writes a composed MIME tree as bytes, in one go: streams would cost more than the mail for most mails. */
import { setImmediate as nextTurn } from 'node:timers/promises';
import type MimeNode from 'nodemailer/lib/mime-node';
import * as qp from 'nodemailer/lib/qp';

/** Bytes of an attachment that become one line of 76 characters (RFC 2045 section 6.8). */
const LINE_BYTES = 57;
const LINE_CHARACTERS = 76;

/** Lines that are encoded at once: about 1 MB, some milliseconds. */
const LINES_AT_ONCE = 16_384;

/**
 * The bytes of the message whose root is given, all line ends CRLF, the last one included. Contents are texts and Buffers
 * only. A large attachment is encoded in parts, so that the process does other things in between.
 */
export async function mimeBytes(root: MimeNode): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for (const piece of piecesOf(root)) {
    if (typeof piece === 'string') {
      pieces.push(Buffer.from(piece));
    } else {
      pieces.push(piece);
      if (piece.length > LINES_AT_ONCE * LINE_CHARACTERS) await nextTurn();
    }
  }
  if (pieces.at(-1)?.at(-1) !== 0x0a) pieces.push(Buffer.from('\r\n'));
  return pieces.length === 1 ? (pieces[0] as Buffer) : Buffer.concat(pieces);
}

function* piecesOf(node: MimeNode): Generator<string | Buffer> {
  // Also finds out what the node is: the other properties are set only after it.
  const headers = node.buildHeaders();
  yield `${withCrlf(headers)}\r\n\r\n`;
  const { content } = node;
  if (content && (typeof content === 'string' || Buffer.isBuffer(content))) {
    yield* encoded(content, node.getTransferEncoding());
  }
  if (!node.multipart) return;
  for (const [i, child] of node.childNodes.entries()) {
    yield `${i === 0 ? '' : '\r\n'}--${String(node.boundary)}\r\n`;
    yield* piecesOf(child);
  }
  yield `\r\n--${String(node.boundary)}--\r\n`;
}

function* encoded(content: string | Buffer, encoding: string | false): Generator<string | Buffer> {
  if (encoding === 'base64') yield* base64Lines(Buffer.from(content));
  else if (encoding === 'quoted-printable') yield qp.wrap(qp.encode(withCrlf(content.toString())));
  else yield withCrlf(content.toString());
}

function* base64Lines(content: Buffer): Generator<Buffer> {
  const step = LINES_AT_ONCE * LINE_BYTES;
  for (let start = 0; start < content.length; start += step) {
    const characters = Buffer.from(content.toString('base64', start, start + step), 'latin1');
    const lines = Math.ceil(characters.length / LINE_CHARACTERS);
    const wrapped = Buffer.allocUnsafe(characters.length + 2 * lines);
    let at = 0;
    for (let line = 0; line < lines; line++) {
      at += characters.copy(wrapped, at, line * LINE_CHARACTERS, (line + 1) * LINE_CHARACTERS);
      at += wrapped.write('\r\n', at, 'latin1');
    }
    // The line break after the last line belongs to what follows.
    yield start + step < content.length ? wrapped : wrapped.subarray(0, -2);
  }
}

function withCrlf(text: string): string {
  return text.includes('\n') ? text.replace(/\r?\n/g, '\r\n') : text;
}
