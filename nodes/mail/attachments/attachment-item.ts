/** One thing to attach, in whatever shape a node gives it: a path, bytes, or an object that describes a file. */
import { types } from 'node:util';
import { t } from '../../language/text';
import { isDataUrl, isEncodedContent, readDataUrl } from './data-url';
import { extensionOf, typeOfBytes } from './media-types';
import { bytesOf, escapeControls, shownValue } from '../template/text-view';

/** What an item amounts to. */
export interface AttachmentItem {
  /** Empty when the item has none. */
  filename: string;
  /** Where its bytes are: in memory, or in a file. */
  source: { bytes: Buffer } | { path: string };
  contentType?: string;
  cid?: string;
  contentDisposition?: 'inline' | 'attachment';
  headers?: Record<string, string>;
  /** What of the item was left out. */
  warnings: string[];
}

/** The names that nodes and upload libraries give the parts of a file, ours first. */
const NAMES = {
  filename: ['originalname', 'originalFilename', 'filename', 'name'],
  content: ['content', 'buffer', 'data'],
  contentType: ['contentType', 'mimetype', 'mimeType'],
  path: ['path', 'href', 'filepath', 'tempFilePath'],
} as const;

/** Fields of a part that say nothing about how it is encoded; all others are ours to write. */
const SAFE_HEADER = /^(?:X-[A-Za-z0-9-]{1,70}|Content-(?:Description|Language|Location))$/i;

/** Bytes of a header value. */
const MAX_HEADER = 900;

/** A reason why an item can not be attached, with what to do. */
export interface Unusable {
  filename: string;
  reason: string;
}

/** Reads an item. Throws what its getters throw. */
export function readItem(item: unknown): AttachmentItem | Unusable {
  if (typeof item === 'string' && item.trim() !== '') return readText(item);
  const bytes = bytesOf(item);
  if (bytes) return { filename: '', source: { bytes }, warnings: [] };
  if (typeof item === 'object' && item !== null && !Array.isArray(item)) {
    return readObject(item as Record<string, unknown>);
  }
  return { filename: '', reason: t`it is ${describe(item)}: give a path, a Buffer or {filename, content}.` };
}

/** Whether an item holds its own bytes, so that nothing has to be read for it. */
export function hasContent(item: unknown): boolean {
  try {
    if (bytesOf(item)) return true;
    if (typeof item !== 'object' || item === null || Array.isArray(item)) return false;
    const file = item as Record<string, unknown>;
    const content = firstOf(file, NAMES.content);
    if (bytesOf(content)) return true;
    return typeof content === 'string' && typeof firstOf(file, NAMES.filename) === 'string';
  } catch {
    return false;
  }
}

/** A name for content that has none: by the type that is given, else by its bytes. */
export function nameFor(content: Buffer, contentType: string | undefined, number: number): string {
  const given = contentType === undefined ? null : extensionOf(contentType);
  if (given !== null) return `attachment-${number}.${given}`;
  const found = typeOfBytes(content);
  if (found === null) return `attachment-${number}`;
  const base = found.type.startsWith('image/') ? 'snapshot' : 'attachment';
  return base === 'snapshot' && number === 1
    ? `snapshot.${found.extension}`
    : `${base}-${number}.${found.extension}`;
}

function readText(text: string): AttachmentItem | Unusable {
  if (!isDataUrl(text)) return { filename: '', source: { path: text }, warnings: [] };
  const read = readDataUrl(text);
  if ('reason' in read) return { filename: '', reason: read.reason };
  return withType({ filename: '', source: { bytes: read.content }, warnings: [] }, read.contentType);
}

function readObject(file: Record<string, unknown>): AttachmentItem | Unusable {
  const named = firstOf(file, NAMES.filename);
  const filename = typeof named === 'string' ? named : '';
  const warnings: string[] = [];
  const label = filename || t`an attachment`;
  for (const [field, value] of [
    ['contentType', firstOf(file, NAMES.contentType)],
    ['cid', file.cid],
  ] as const) {
    if (value === undefined || value === null || value === '') continue;
    if (typeof value === 'string' && !/[\p{Cc}\u2028\u2029]/u.test(value)) continue;
    const reason = t`its ${field} is ${shownValue(value)}: give text without line breaks or control characters.`;
    return { filename, reason };
  }
  const source = sourceOf(file);
  if ('reason' in source) return { filename, reason: source.reason };
  const item: AttachmentItem = { filename, source: source.from, warnings };
  const type = firstOf(file, NAMES.contentType);
  withType(item, typeof type === 'string' && type.trim() !== '' ? type.trim() : source.contentType);
  if (typeof file.cid === 'string' && file.cid.trim() !== '')
    item.cid = file.cid.trim().replace(/^<(.*)>$/, '$1');
  readDisposition(item, file.contentDisposition, label);
  readHeaders(item, file.headers, label);
  return item;
}

function withType(item: AttachmentItem, contentType: string): AttachmentItem {
  if (contentType !== '') item.contentType = contentType;
  return item;
}

function sourceOf(
  file: Record<string, unknown>,
): { from: AttachmentItem['source']; contentType: string } | { reason: string } {
  const content = firstOf(file, NAMES.content);
  if (content === undefined || content === null) {
    const path = firstOf(file, NAMES.path);
    if (typeof path !== 'string' || path.trim() === '') {
      return { reason: t`it has neither content nor a path: give {filename, content} or {path}.` };
    }
    if (!isDataUrl(path)) return { from: { path }, contentType: '' };
    const read = readDataUrl(path);
    return 'reason' in read ? read : { from: { bytes: read.content }, contentType: read.contentType };
  }
  if (typeof content === 'string' && isBlank(file.encoding) && isEncodedContent(content)) {
    const read = readDataUrl(content);
    return 'reason' in read ? read : { from: { bytes: read.content }, contentType: read.contentType };
  }
  const read = decodeContent(content, file.encoding);
  return 'reason' in read ? read : { from: { bytes: read.bytes }, contentType: '' };
}

/** The bytes of content given as text or as a Buffer; `encoding` says how text stands for bytes. */
function decodeContent(content: unknown, encoding: unknown): { bytes: Buffer } | { reason: string } {
  const bytes = bytesOf(content);
  if (bytes) return { bytes };
  if (typeof content !== 'string') {
    return { reason: t`its content is ${describe(content)}: give text or a Buffer.` };
  }
  const kind = (typeof encoding === 'string' ? encoding : '').trim().toLowerCase();
  // Of an upload, not of text: how the body of the request was encoded.
  if (isBlank(encoding) || kind === '7bit' || kind === '8bit' || kind === 'utf8' || kind === 'utf-8') {
    return { bytes: Buffer.from(content) };
  }
  if (kind !== 'base64' && kind !== 'hex') {
    return { reason: t`its encoding is ${shownValue(encoding)}: give utf8, base64 or hex.` };
  }
  const tight = content.replace(/\s+/g, '');
  // Node.js skips what it cannot decode, and the reader would get a broken file.
  const valid = kind === 'hex' ? /^(?:[0-9a-f]{2})*$/i.test(tight) : /^[\w+/-]*={0,2}$/.test(tight);
  return valid
    ? { bytes: Buffer.from(tight, kind) }
    : { reason: t`its content is not valid ${kind}: check it.` };
}

function readDisposition(item: AttachmentItem, value: unknown, label: string): void {
  if (isBlank(value)) return;
  const word = typeof value === 'string' ? value.trim().toLowerCase() : '';
  if (word === 'inline' || word === 'attachment') item.contentDisposition = word;
  else
    item.warnings.push(
      t`${label}: its contentDisposition is ${shownValue(value)}, and only inline and attachment are known: it is left out.`,
    );
}

function readHeaders(item: AttachmentItem, value: unknown, label: string): void {
  // Those of a mail that was received, as a mail parser gives them, are not for another mail.
  if (isBlank(value) || types.isMap(value) || Array.isArray(value)) return;
  if (typeof value !== 'object') {
    item.warnings.push(
      t`${label}: its headers are ${shownValue(value)}, not an object of names and texts: they are left out.`,
    );
    return;
  }
  const headers: Record<string, string> = {};
  for (const [name, text] of Object.entries(value)) {
    const fits = typeof text === 'string' && text.length <= MAX_HEADER && !/[\p{Cc}\u2028\u2029]/u.test(text);
    if (SAFE_HEADER.test(name) && fits) headers[name] = text;
    else
      item.warnings.push(
        t`${label}: its header ${shownValue(name)} is left out: only X-…, Content-Description, Content-Language and Content-Location with a text of one line can be set.`,
      );
  }
  if (Object.keys(headers).length > 0) item.headers = headers;
}

function firstOf(file: Record<string, unknown>, names: readonly string[]): unknown {
  for (const name of names) {
    const value = file[name];
    if (value !== undefined && value !== null && value !== '') return value;
  }
  // Empty content is content.
  return names.map((name) => file[name]).find((value) => value === '');
}

const isBlank = (value: unknown) => value === undefined || value === null || value === '';

function describe(value: unknown): string {
  if (value === null || value === undefined || value === '') return t`empty`;
  if (Array.isArray(value)) return t`a list inside a list`;
  return typeof value === 'object'
    ? t`an object`
    : t`the ${typeof value} ${escapeControls(shownValue(value))}`;
}
