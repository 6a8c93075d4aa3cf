/** How any value of a msg looks as text: whole in a mail, short and quoted in an error message. */
import { types } from 'node:util';
import { t } from '../../language/text';
import { Moment, plainNumber, type Formats } from './formats';
import { NamedValue } from './scope';

/** Deep enough for any payload that a person reads; a cut is better than an exhausted stack. */
const MAX_DEPTH = 64;
/** Shared references are written out each time, so a small graph can unfold without end. */
const MAX_VALUES = 200_000;

// Bytes that no text file holds: control characters other than tab, line breaks, form feed and escape.
// eslint-disable-next-line no-control-regex
const NOT_TEXT = /[\u0000-\u0006\u000e-\u001a\u001c-\u001f\u007f]/;

const utf8 = new TextDecoder('utf-8', { fatal: true });
const windows1252 = new TextDecoder('windows-1252');

/** Bytes of 0x80 to 0x9f that are marks of Windows-1252 and not control characters: euro, quotes, dashes and the like. */
const WINDOWS_LETTERS = new Set([
  ...[0x80, 0x82, 0x83, 0x84, 0x85, 0x86, 0x87, 0x88, 0x89, 0x8a, 0x8b, 0x8c, 0x8e],
  ...[0x91, 0x92, 0x93, 0x94, 0x95, 0x96, 0x97, 0x98, 0x99, 0x9a, 0x9b, 0x9c, 0x9e, 0x9f],
]);

/** How dates are written; formats of a time zone are of this kind. */
type Dates = Pick<Formats, 'iso'>;

/** Dates in Greenwich, for texts that belong to no mail. */
const UTC: Dates = { iso: (time) => new Date(time).toISOString() };

/**
 * Shows any value as text: strings as they are, bytes as their text, errors by their message, dates in ISO 8601,
 * numbers without binary noise, objects as compact JSON, nothing for null and undefined. Never throws.
 */
export function textView(value: unknown, dates: Dates = UTC): string {
  if (typeof value === 'string') return value;
  if (value === undefined || value === null) return '';
  if (typeof value === 'number') return String(plainNumber(value));
  if (typeof value === 'boolean') return String(value);
  try {
    if (value instanceof NamedValue) return textView(value.value, dates);
    if (value instanceof Moment) return value.toString();
    const plain = toPlain(value, { ancestors: new Set(), values: 0, dates });
    if (plain === undefined) return '';
    return typeof plain === 'string' ? plain : JSON.stringify(plain);
  } catch {
    return t`<value that cannot be shown>`;
  }
}

/** Shows a value for an error message: quoted, control characters escaped, cut after `length` characters. */
export function shownValue(value: unknown, length = 80): string {
  if (value === undefined || value === null) return String(value);
  const text = textView(value);
  const cut = text.length > length ? `${text.slice(0, length).replace(/[\ud800-\udbff]$/, '')}…` : text;
  return `"${escapeControls(cut)}"`;
}

/** Makes control characters, line separators and bidirectional overrides visible as escapes. */
export function escapeControls(text: string): string {
  return text.replace(/[\p{Cc}\u2028\u2029\u202a-\u202e\u2066-\u2069]/gu, (character) => {
    const short = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }[character];
    return short ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`;
  });
}

/** The bytes of a Buffer, any other view, or a Buffer that went through JSON; undefined for all else. Never throws. */
export function bytesOf(value: unknown): Buffer | undefined {
  if (types.isUint8Array(value)) {
    return Buffer.isBuffer(value) ? value : Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  }
  if (types.isAnyArrayBuffer(value)) return Buffer.from(value);
  if (typeof value !== 'object' || value === null) return undefined;
  try {
    const { type, data } = value as { type?: unknown; data?: unknown };
    if (type !== 'Buffer' || !Array.isArray(data)) return undefined;
    const isByte = (item: unknown) => Number.isInteger(item) && Number(item) >= 0 && Number(item) <= 255;
    return data.every(isByte) ? Buffer.from(data as number[]) : undefined;
  } catch {
    // A getter that throws, or a revoked proxy.
    return undefined;
  }
}

interface Walk {
  ancestors: Set<object>;
  values: number;
  dates: Dates;
}

/** Turns a value into something that JSON can write, or undefined where JSON leaves a value out. */
function toPlain(value: unknown, walk: Walk): unknown {
  if (++walk.values > MAX_VALUES) return '…';
  if (typeof value === 'bigint' || typeof value === 'symbol') return String(value);
  if (typeof value === 'function') return undefined;
  if (typeof value === 'number') return plainNumber(value);
  if (typeof value !== 'object' || value === null) return value;
  if (walk.ancestors.has(value)) return '<circular>';
  if (walk.ancestors.size >= MAX_DEPTH) return '…';
  walk.ancestors.add(value);
  try {
    return objectToPlain(value, walk);
  } catch {
    return t`<value that cannot be shown>`;
  } finally {
    walk.ancestors.delete(value);
  }
}

function objectToPlain(value: object, walk: Walk): unknown {
  if (types.isDate(value)) {
    return Number.isNaN(value.getTime()) ? 'Invalid Date' : walk.dates.iso(value.getTime());
  }
  if (value instanceof Error || types.isNativeError(value)) return value.message || value.name;
  const bytes = bytesOf(value);
  if (bytes) return bytesToText(bytes);
  if (types.isBoxedPrimitive(value)) return value.valueOf();
  if (Array.isArray(value)) return value.map((item) => toPlain(item, walk) ?? null);
  if (types.isSet(value)) return [...value].map((item) => toPlain(item, walk) ?? null);
  if (types.isTypedArray(value))
    return Array.from(value as Iterable<number | bigint>, (n) => toPlain(n, walk));
  if (types.isMap(value)) {
    return Object.fromEntries([...value].map(([key, item]) => [textView(key), toPlain(item, walk)]));
  }
  const own = ownJson(value);
  return own ? toPlain(own.json, walk) : propertiesToPlain(value, walk);
}

/** What the object itself wants JSON to write; undefined when it has no such wish or fails at it. */
function ownJson(value: object): { json: unknown } | undefined {
  try {
    const { toJSON } = value as { toJSON?: unknown };
    if (typeof toJSON !== 'function') return undefined;
    const json: unknown = toJSON.call(value);
    return json === value ? undefined : { json };
  } catch {
    return undefined;
  }
}

function propertiesToPlain(value: object, walk: Walk): Record<string, unknown> {
  // No prototype, so that a property named __proto__ is a property like any other.
  const plain = Object.create(null) as Record<string, unknown>;
  for (const key of Object.keys(value)) {
    if (walk.values > MAX_VALUES) break;
    try {
      plain[key] = toPlain((value as Record<string, unknown>)[key], walk);
    } catch {
      plain[key] = t`<value that cannot be shown>`;
    }
  }
  return plain;
}

/** Whether bytes are no text, so that only their number is shown. */
export function isUnreadable(bytes: Buffer): boolean {
  return readable(bytes) === undefined;
}

function readable(bytes: Buffer): string | undefined {
  const text = decode(bytes);
  return text === undefined || NOT_TEXT.test(text) ? undefined : text;
}

function bytesToText(bytes: Buffer): string {
  const text = readable(bytes);
  if (text !== undefined) return text;
  return bytes.length === 1 ? t`<Buffer of 1 byte>` : t`<Buffer of ${bytes.length} bytes>`;
}

/** UTF-8, else the Western European letters of older devices; undefined for bytes that are most likely no text. */
function decode(bytes: Buffer): string | undefined {
  try {
    return utf8.decode(bytes);
  } catch {
    // Pictures and archives hold bytes of all kinds; in a text of these languages most letters are ASCII.
    const others = bytes.reduce((count, byte) => count + (byte >= 0x80 ? 1 : 0), 0);
    const strange = bytes.some((byte) => byte >= 0x80 && byte < 0xa0 && !WINDOWS_LETTERS.has(byte));
    return strange || others * 3 > bytes.length ? undefined : windows1252.decode(bytes);
  }
}
