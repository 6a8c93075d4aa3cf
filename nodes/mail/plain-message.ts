/**
 * Writes a message of text, or of HTML and text, without a tree of MIME nodes: most mails have no attachment. Its bytes are
 * those of nodemailer, whose own functions write what is more than plain ASCII.
 */
import MimeNode from 'nodemailer/lib/mime-node';
import { foldLines } from 'nodemailer/lib/mime-funcs';
import { encodeText } from './mime-bytes';
import type { Address } from './recipients/addresses';

/** What stands in a header field, before its encoding. */
export type HeaderField = readonly [key: string, value: string | readonly Address[]];

/** Characters of a field that fits on one line, without its colon and space: nodemailer folds lines of 76. */
const LINE = 73;

/** Their ids get angle brackets where they have none. */
const FIELDS_OF_IDS = ['In-Reply-To', 'References'];

/** Characters of text that is looked at for long lines; nodemailer takes all that are longer for such a text. */
const MOST_LOOKED_AT = 128 * 1024;

/** Without quotation marks and punycode; nodemailer writes these addresses as they are. */
const PLAIN_ADDRESS = /^[\w.+-]+@[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\.[a-z](?:[a-z0-9-]*[a-z0-9])?)+$/;

/** The message; line breaks of the texts are CRLF, the fields are complete but for those of MIME. */
export function plainMessage(
  fields: readonly HeaderField[],
  parts: { text: string; html?: string },
  boundary: string,
): Buffer {
  const { text, html = '' } = parts;
  const pieces = fields.flatMap(fieldLine);
  // An empty part is none, and a message has one part at least.
  if (text !== '' && html !== '') {
    pieces.push('MIME-Version: 1.0', `Content-Type: multipart/alternative;\r\n boundary="${boundary}"`);
    const [plain, rich] = [textPart('plain', text), textPart('html', html)];
    pieces.push('', `--${boundary}`, `${plain.type}\r\n${plain.encoding}\r\n`, plain.body);
    pieces.push(`--${boundary}`, `${rich.type}\r\n${rich.encoding}\r\n`, rich.body, `--${boundary}--`, '');
  } else {
    const { type, encoding, body } = html === '' ? textPart('plain', text) : textPart('html', html);
    pieces.push(...(encoding === '' ? [] : [encoding]), 'MIME-Version: 1.0', type, '', body);
    if (body !== '' && !body.endsWith('\r\n')) pieces.push('');
  }
  return Buffer.from(pieces.join('\r\n'), 'latin1');
}

/** A field as it is written, or nothing when it is empty. */
function fieldLine([key, value]: HeaderField): string[] {
  if (value.length === 0) return [];
  const plain = typeof value === 'string' ? value : plainAddresses(value);
  const fits = plain !== undefined && key.length + plain.length <= LINE && isPlain(plain);
  if (fits && !FIELDS_OF_IDS.includes(key)) {
    return plain.trim() === '' ? [] : [`${key}: ${plain}`];
  }
  const encoded = MimeNode.encodeHeaderValue(
    key,
    typeof value === 'string' ? value : value.map((one) => ({ ...one })),
  );
  return encoded.trim() === '' ? [] : [foldLines(`${key}: ${encoded}`, 76)];
}

function plainAddresses(addresses: readonly Address[]): string | undefined {
  const all: string[] = [];
  for (const { name, address } of addresses) {
    if (name !== '' || !PLAIN_ADDRESS.test(address)) return undefined;
    all.push(address);
  }
  return all.join(', ');
}

/** Nothing in it is encoded, or looks as if it were. */
function isPlain(value: string): boolean {
  return /^[ !#-~]*$/.test(value) && !value.includes('=?');
}

function textPart(kind: 'plain' | 'html', content: string) {
  if (content === '') return { type: 'Content-Type: text/plain', encoding: '', body: '' };
  const type = `Content-Type: text/${kind}; charset=utf-8`;
  const encoding = transferEncoding(content);
  return { type, encoding: `Content-Transfer-Encoding: ${encoding}`, body: encodeText(content, encoding) };
}

function transferEncoding(content: string): string {
  // eslint-disable-next-line no-control-regex
  if (!/[\x00-\x08\x0b\x0c\x0e-\x1f\u0080-\uffff]/.test(content)) {
    return hasLongLines(content) ? 'quoted-printable' : '7bit';
  }
  const node = new MimeNode('text/plain', { baseBoundary: 'none' }).setContent(content);
  return node.getTransferEncoding() || '7bit';
}

function hasLongLines(text: string): boolean {
  if (text.length > MOST_LOOKED_AT) return true;
  for (let start = 0; start < text.length;) {
    const at = text.indexOf('\r\n', start);
    const end = at < 0 ? text.length : at;
    if (end - start > 76) return true;
    start = end + 2;
  }
  return false;
}
