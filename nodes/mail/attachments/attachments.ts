/** The attachments of a mail: what a msg names or holds, read when it arrives. */
import { t } from '../../language/text';
import type { SkippedAttachment } from '../../types';
import { readAttachedFile, tooLarge, type FileRule } from './attached-file';
import { hasContent, nameFor, readItem, type AttachmentItem } from './attachment-item';
import { createContentIds, type Renamed } from './content-ids';
import { typeOfBytes } from './media-types';
import { bytesOf } from '../template/text-view';

export interface LoadedAttachment {
  filename: string;
  content: Buffer;
  contentType?: string;
  cid?: string;
  contentDisposition?: 'inline' | 'attachment';
  headers?: Record<string, string>;
}

export interface ReadAttachments {
  attachments: LoadedAttachment[];
  skipped: SkippedAttachment[];
}

/** What of the property is attached: what it holds in memory, or files that it names as well. */
export type AttachMode = 'buffers' | 'files';

/** What a msg gives to attach. */
export interface AttachmentSource {
  /** `msg.attachments`. */
  attachments?: unknown;
  /** The value of the property named by attachProperty; leave it out when attach is off. */
  property?: unknown;
  mode?: AttachMode;
  /** `msg.filename`: the name of a Buffer. */
  filename?: unknown;
  /** The `content-type` that came with a Buffer, as the http request node gives it. */
  contentType?: unknown;
}

/** Bytes; a name longer than this fits into no file system. */
const MAX_FILENAME = 200;

/**
 * Reads all attachments of one msg into memory. Never throws or rejects for what a msg holds: what cannot be
 * attached is listed with the reason and what to do. Sizes are bytes before the transfer encoding.
 */
export async function readAttachments(
  source: AttachmentSource,
  rule: FileRule,
): Promise<ReadAttachments & { warnings: string[] }> {
  const own = listItems(source.property);
  const items = source.mode === 'buffers' ? own.filter(hasContent) : own;
  // When attachProperty is `attachments` itself, each is attached once.
  if (source.attachments !== source.property || source.mode === 'buffers') {
    const others = listItems(source.attachments);
    items.push(
      ...(source.attachments === source.property ? others.filter((one) => !items.includes(one)) : others),
    );
  }

  const result: ReadAttachments & { warnings: string[] } = { attachments: [], skipped: [], warnings: [] };
  let freeBytes = rule.freeBytes;
  for (const [i, item] of items.entries()) {
    let read: { loaded: LoadedAttachment; warnings: string[] } | SkippedAttachment;
    try {
      read = await load(item, i + 1, source, { ...rule, freeBytes });
    } catch {
      read = {
        filename: `attachment-${i + 1}`,
        reason: t`its properties cannot be read: give a plain object.`,
      };
    }
    if ('reason' in read) {
      result.skipped.push(read);
    } else {
      freeBytes -= read.loaded.content.length;
      result.attachments.push(read.loaded);
      result.warnings.push(...read.warnings);
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

/** The attachments of one event, and the names that its HTML must use for its pictures. */
export interface FitAttachments extends ReadAttachments {
  renamed: Renamed;
}

/**
 * Decides what of the events' attachments their one mail can hold: in order, up to `limitBytes`. A picture (with a cid) that
 * several events bring is there once; different pictures of one name get names of their own. What is too much is skipped
 * with the reason.
 */
export function fitAttachments(
  events: readonly { attachments: readonly LoadedAttachment[]; skipped: readonly SkippedAttachment[] }[],
  limitBytes: number,
): FitAttachments[] {
  const pictures: { wanted: string; name: string; content: Buffer }[] = [];
  const nameOf = createContentIds();
  let freeBytes = limitBytes;
  return events.map((event) => {
    const renamed = new Map<string, string>();
    const fit: FitAttachments = { attachments: [], skipped: [...event.skipped], renamed };
    for (const attachment of event.attachments) {
      const { cid, content, filename } = attachment;
      const known = pictures.find(({ wanted, content: other }) => wanted === cid && other.equals(content));
      if (known) {
        if (known.name !== cid) renamed.set(known.wanted, known.name);
        continue;
      }
      const reason = tooLarge(content.length, { freeBytes, limitBytes });
      if (reason !== undefined) {
        fit.skipped.push({ filename, reason });
        continue;
      }
      freeBytes -= content.length;
      if (cid === undefined) {
        fit.attachments.push(attachment);
        continue;
      }
      const name = nameOf(cid);
      if (name !== cid) renamed.set(cid, name);
      pictures.push({ wanted: cid, name, content });
      fit.attachments.push({ ...attachment, cid: name });
    }
    return fit;
  });
}

/** A missing or empty value names nothing; a value that is no list is a list of one. */
function listItems(value: unknown): unknown[] {
  if (value === undefined || value === null || value === '') return [];
  return Array.isArray(value) ? [...(value as unknown[])] : [value];
}

async function load(
  given: unknown,
  number: number,
  msg: AttachmentSource,
  rule: FileRule,
): Promise<{ loaded: LoadedAttachment; warnings: string[] } | SkippedAttachment> {
  const item = readItem(given);
  // A Buffer has no name of its own; the msg has it beside.
  const bare = typeof given === 'string' || bytesOf(given) !== undefined;
  if ('reason' in item)
    return { filename: fileName(item.filename) || `attachment-${number}`, reason: item.reason };
  const { source, warnings } = item;
  const extras = extrasOf(item);
  const named =
    fileName(item.filename) ||
    ('path' in source ? lastPart(source.path) : bare ? nameOfMsg(msg.filename) : '');
  if ('path' in source) {
    const filename = named || `attachment-${number}`;
    const read = await readAttachedFile(source.path, rule);
    return 'reason' in read
      ? { filename, reason: read.reason }
      : { loaded: { filename, content: read.content, ...extras }, warnings };
  }
  const { bytes } = source;
  const contentType = extras.contentType ?? (bare ? typeOfMsg(msg.contentType) : undefined);
  const filename = named || nameFor(bytes, contentType, number);
  const reason = tooLarge(bytes.length, rule);
  if (reason !== undefined) return { filename, reason };
  const found = contentType ?? (/\.\w+$/.test(named) ? undefined : typeOfBytes(bytes)?.type);
  return {
    loaded: { filename, content: bytes, ...extras, ...(found === undefined ? {} : { contentType: found }) },
    warnings,
  };
}

function extrasOf({ contentType, cid, contentDisposition, headers }: AttachmentItem) {
  return {
    ...(contentType === undefined ? {} : { contentType }),
    ...(cid === undefined ? {} : { cid }),
    ...(contentDisposition === undefined ? {} : { contentDisposition }),
    ...(headers === undefined ? {} : { headers }),
  };
}

/** A type that came with a msg, when it is one. */
function typeOfMsg(value: unknown): string | undefined {
  return typeof value === 'string' && /^[\w.+-]+\/[\w.+-]+\s*(?:;[^\p{Cc}]*)?$/u.test(value)
    ? value.trim()
    : undefined;
}

/** Whether the whole path to a file is given, on any system. */
const PATH = /^(?:[/\\~]|[a-z]:[/\\]|\.{1,2}[/\\])|[/\\]$/i;

/** A name as it was given: one with slashes that is no path has dashes for them, as in `JD-26/11/2026.csv`. */
function fileName(given: string): string {
  return PATH.test(given) ? lastPart(given) : tidy(given.replace(/\s*[/\\]+\s*/g, '-'));
}

/** msg.filename mostly comes from a file node, which may name a path relative to a folder; a date in it is none. */
function nameOfMsg(given: unknown): string {
  if (typeof given !== 'string') return '';
  return /\d[/\\]\d/.test(given) ? fileName(given) : lastPart(given);
}

function lastPart(path: string): string {
  return tidy(path.split(/[/\\]/).pop() ?? '');
}

/** Without control characters and cut to a length that all file systems take, the extension kept; may be empty. */
function tidy(name: string): string {
  const text = name.replace(/[\p{Cc}\u2028\u2029]/gu, '').trim();
  if (text === '.' || text === '..') return '';
  const characters = [...text];
  if (characters.length <= MAX_FILENAME) return text;
  const extension = /\.[^.]{1,10}$/u.exec(text)?.[0] ?? '';
  return characters.slice(0, MAX_FILENAME - extension.length).join('') + extension;
}
