/**
 * Writes a tree of nodemailer's MIME nodes whose contents are in memory. The nodes' own `build` gives the same bytes through
 * a stream and an encoder for each part, which costs more than all the rest of composing a mail.
 */
import type MimeNode from 'nodemailer/lib/mime-node';
import * as quotedPrintable from 'nodemailer/lib/qp';

/** Characters of a line of base64 (RFC 2045 section 6.8), and the bytes that they stand for. */
const LINE = 76;
const LINE_BYTES = (LINE / 4) * 3;

const CRLF = Buffer.from('\r\n');

/** Lines that are encoded at a time. */
const LINES = 16_384;

/** The message with CRLF, its last line too. */
export function mimeBytes(root: MimeNode): Buffer {
  const pieces: Buffer[] = [];
  write(root, pieces);
  if (!pieces.at(-1)?.subarray(-2).equals(CRLF)) pieces.push(CRLF);
  return Buffer.concat(pieces);
}

function write(node: MimeNode, pieces: Buffer[]): void {
  // Headers first: they settle the boundary.
  pieces.push(Buffer.from(`${node.buildHeaders()}\r\n\r\n`));
  const { content } = node;
  if (typeof content === 'string' || Buffer.isBuffer(content)) {
    if (content.length > 0) pieces.push(encode(content, node.getTransferEncoding()));
  } else if (content) {
    throw new TypeError('The content of a MIME node is not in memory');
  }
  if (!node.multipart) return;
  node.childNodes.forEach((child, i) => {
    pieces.push(Buffer.from(`${i > 0 ? '\r\n' : ''}--${node.boundary || ''}\r\n`));
    write(child, pieces);
  });
  pieces.push(Buffer.from(`\r\n--${node.boundary || ''}--\r\n`));
}

function encode(content: string | Buffer, encoding: string | false): Buffer {
  if (encoding === 'base64') return wrapBase64(typeof content === 'string' ? Buffer.from(content) : content);
  if (encoding === 'quoted-printable') return Buffer.from(quotedPrintableLines(content), 'latin1');
  return Buffer.isBuffer(content) ? content : Buffer.from(content);
}

/** The body of a text part in its transfer encoding: characters of one byte each. */
export function encodeText(content: string, encoding: string): string {
  if (encoding === 'base64') return wrapBase64(Buffer.from(content)).toString('latin1');
  return encoding === 'quoted-printable' ? quotedPrintableLines(content) : content;
}

function quotedPrintableLines(content: string | Buffer): string {
  return quotedPrintable.wrap(quotedPrintable.encode(content), LINE);
}

function wrapBase64(bytes: Buffer): Buffer {
  const characters = Math.ceil(bytes.length / 3) * 4;
  const lines = Math.ceil(characters / LINE);
  const wrapped = Buffer.allocUnsafe(characters + 2 * (lines - 1));
  let to = 0;
  for (let from = 0; from < bytes.length; from += LINES * LINE_BYTES) {
    const text = bytes.toString('base64', from, Math.min(from + LINES * LINE_BYTES, bytes.length));
    for (let start = 0; start < text.length; start += LINE) {
      // The last line of a message has no line break of its own.
      if (to > 0) to += wrapped.write('\r\n', to, 'latin1');
      to += wrapped.write(text.slice(start, start + LINE), to, 'latin1');
    }
  }
  return wrapped;
}
