/** The attachments of a mail: what a msg names or holds, read when it arrives. */
import { t } from '../language/text';
import type { SkippedAttachment } from '../types';
import { readAttachedFile, tooLarge, type FileRule } from './attached-file';
import { bytesOf, escapeControls, shownValue } from './text-view';

export interface LoadedAttachment {
  filename: string;
  content: Buffer;
  contentType?: string;
  cid?: string;
}

export interface ReadAttachments {
  attachments: LoadedAttachment[];
  skipped: SkippedAttachment[];
}

/** What a msg gives to attach. */
export interface AttachmentSource {
  /** `msg.attachments`. */
  attachments?: unknown;
  /** The value of the property named by attachProperty; leave it out when attach is off. */
  property?: unknown;
  /** `msg.filename`: the name of a Buffer. */
  filename?: unknown;
}

/** Bytes; a name longer than this fits into no file system. */
const MAX_FILENAME = 200;

/**
 * Reads all attachments of one msg into memory. Never throws or rejects for what a msg holds: what cannot be
 * attached is listed with the reason and what to do. Sizes are bytes before the transfer encoding.
 */
export async function readAttachments(source: AttachmentSource, rule: FileRule): Promise<ReadAttachments> {
  const items = listItems(source.property);
  // When attachProperty is `attachments` itself, each is attached once.
  if (source.attachments !== source.property) items.push(...listItems(source.attachments));

  const result: ReadAttachments = { attachments: [], skipped: [] };
  let freeBytes = rule.freeBytes;
  for (const [i, item] of items.entries()) {
    const fallbackName = `attachment-${i + 1}`;
    let read: LoadedAttachment | SkippedAttachment;
    try {
      read = await readItem(item, { fallbackName, filename: source.filename, rule: { ...rule, freeBytes } });
    } catch {
      read = { filename: fallbackName, reason: t`its properties cannot be read: give a plain object.` };
    }
    if ('reason' in read) {
      result.skipped.push(read);
    } else {
      freeBytes -= read.content.length;
      result.attachments.push(read);
    }
  }
  return result;
}

/** Bytes of attachments that events hold, to tell what is still free in their mail. */
export function attachmentBytes(events: readonly { attachments: readonly LoadedAttachment[] }[]): number {
  return events.reduce(
    (sum, event) => sum + event.attachments.reduce((n, { content }) => n + content.length, 0),
    0,
  );
}

/**
 * Decides what of the events' attachments their one mail can hold: in order, up to `limitBytes`, and an embedded
 * file (with a cid) that several events bring only once. What is too much is skipped with the reason.
 */
export function fitAttachments(
  events: readonly { attachments: readonly LoadedAttachment[]; skipped: readonly SkippedAttachment[] }[],
  limitBytes: number,
): ReadAttachments[] {
  const embedded = new Map<string, Buffer>();
  let freeBytes = limitBytes;
  return events.map((event) => {
    const fit: ReadAttachments = { attachments: [], skipped: [...event.skipped] };
    for (const attachment of event.attachments) {
      const { cid, content, filename } = attachment;
      if (cid !== undefined && embedded.get(cid)?.equals(content)) continue;
      const reason = tooLarge(content.length, { freeBytes, limitBytes });
      if (reason === undefined) {
        freeBytes -= content.length;
        if (cid !== undefined) embedded.set(cid, content);
        fit.attachments.push(attachment);
      } else {
        fit.skipped.push({ filename, reason });
      }
    }
    return fit;
  });
}

interface ItemContext {
  fallbackName: string;
  /** msg.filename */
  filename: unknown;
  rule: FileRule;
}

/** A missing or empty value names nothing; a value that is no list is a list of one. */
function listItems(value: unknown): unknown[] {
  if (value === undefined || value === null || value === '') return [];
  return Array.isArray(value) ? [...(value as unknown[])] : [value];
}

async function readItem(item: unknown, context: ItemContext): Promise<LoadedAttachment | SkippedAttachment> {
  if (isNonBlank(item)) {
    return readPath(item, baseName(item, context.fallbackName), {}, context.rule);
  }
  const bytes = bytesOf(item);
  if (bytes) return withContent(bytes, baseName(context.filename, context.fallbackName), {}, context.rule);
  if (typeof item === 'object' && item !== null && !Array.isArray(item)) {
    return readFileObject(item, context);
  }
  const reason = t`it is ${describe(item)}: give a path, a Buffer or {filename, content}.`;
  return { filename: context.fallbackName, reason };
}

interface FileObject {
  filename?: unknown;
  content?: unknown;
  contentType?: unknown;
  cid?: unknown;
  encoding?: unknown;
  path?: unknown;
  href?: unknown;
}

async function readFileObject(
  file: FileObject,
  context: ItemContext,
): Promise<LoadedAttachment | SkippedAttachment> {
  const named = [file.path, file.href].find(isNonBlank);
  const filename = baseName(file.filename, baseName(named, context.fallbackName));
  const extras: Extras = {};
  for (const field of ['contentType', 'cid'] as const) {
    const value = file[field];
    if (value === undefined || value === null || value === '') continue;
    if (typeof value !== 'string' || /[\p{Cc}\u2028\u2029]/u.test(value)) {
      const reason = t`its ${field} is ${shownValue(value)}: give text without line breaks or control characters.`;
      return { filename, reason };
    }
    extras[field] = value.trim();
  }
  if (file.content === undefined || file.content === null) {
    if (named !== undefined) return readPath(named, filename, extras, context.rule);
    return { filename, reason: t`it has neither content nor a path: give {filename, content} or {path}.` };
  }
  const content = decodeContent(file.content, file.encoding);
  return 'reason' in content
    ? { filename, reason: content.reason }
    : withContent(content.bytes, filename, extras, context.rule);
}

function isNonBlank(value: unknown): value is string {
  return typeof value === 'string' && value.trim() !== '';
}

type Extras = Pick<LoadedAttachment, 'contentType' | 'cid'>;

async function readPath(
  named: string,
  filename: string,
  extras: Extras,
  rule: FileRule,
): Promise<LoadedAttachment | SkippedAttachment> {
  const read = await readAttachedFile(named, rule);
  return 'reason' in read
    ? { filename, reason: read.reason }
    : { filename, content: read.content, ...extras };
}

function withContent(
  content: Buffer,
  filename: string,
  extras: Extras,
  rule: FileRule,
): LoadedAttachment | SkippedAttachment {
  const reason = tooLarge(content.length, rule);
  return reason === undefined ? { filename, content, ...extras } : { filename, reason };
}

/** The bytes of content given as text or as a Buffer; `encoding` says how text stands for bytes. */
function decodeContent(content: unknown, encoding: unknown): { bytes: Buffer } | { reason: string } {
  const bytes = bytesOf(content);
  if (bytes) return { bytes };
  if (typeof content !== 'string') {
    return { reason: t`its content is ${describe(content)}: give text or a Buffer.` };
  }
  const kind = (typeof encoding === 'string' ? encoding : '').trim().toLowerCase();
  if (encoding === undefined || encoding === null || kind === 'utf8' || kind === 'utf-8') {
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

/**
 * The last part of a path, on any system, without control characters and cut to a length that all file systems
 * take, its extension kept; `fallback` when nothing is left.
 */
function baseName(name: unknown, fallback: string): string {
  if (typeof name !== 'string') return fallback;
  const last = name.split(/[/\\]/).pop() ?? '';
  const tidy = last.replace(/[\p{Cc}\u2028\u2029]/gu, '').trim();
  if (tidy === '' || tidy === '.' || tidy === '..') return fallback;
  const characters = [...tidy];
  if (characters.length <= MAX_FILENAME) return tidy;
  const extension = /\.[^.]{1,10}$/u.exec(tidy)?.[0] ?? '';
  return characters.slice(0, MAX_FILENAME - extension.length).join('') + extension;
}

function describe(value: unknown): string {
  if (value === null || value === undefined || value === '') return t`empty`;
  if (Array.isArray(value)) return t`a list inside a list`;
  return typeof value === 'object'
    ? t`an object`
    : t`the ${typeof value} ${escapeControls(shownValue(value))}`;
}
