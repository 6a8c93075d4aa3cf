/** How any value of a msg looks as text: whole in a mail, short and quoted in an error message. */
import { types } from 'node:util';
import { t } from '../language/text';

/** Deep enough for any payload that a person reads; a cut is better than an exhausted stack. */
const MAX_DEPTH = 64;
/** Shared references are written out each time, so a small graph can unfold without end. */
const MAX_VALUES = 200_000;

// Bytes that no text file holds: control characters other than tab, line breaks, form feed and escape.
// eslint-disable-next-line no-control-regex
const NOT_TEXT = /[\u0000-\u0006\u000e-\u001a\u001c-\u001f\u007f]/;

const utf8 = new TextDecoder('utf-8', { fatal: true });

/**
 * Shows any value as text: strings as they are, bytes as their UTF-8 text, errors by their message, dates in
 * ISO 8601, objects as compact JSON, nothing for null and undefined. Never throws.
 */
export function textView(value: unknown): string {
  if (typeof value === 'string') return value;
  if (value === undefined || value === null) return '';
  if (typeof value === 'number' || typeof value === 'boolean') return String(value);
  try {
    const plain = toPlain(value, { ancestors: new Set(), values: 0 });
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

/** The bytes of a Buffer, any other view, or a Buffer that went through JSON; undefined for all else. */
export function bytesOf(value: unknown): Buffer | undefined {
  if (Buffer.isBuffer(value)) return value;
  if (types.isUint8Array(value)) return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  if (types.isAnyArrayBuffer(value)) return Buffer.from(value);
  if (typeof value !== 'object' || value === null) return undefined;
  const { type, data } = value as { type?: unknown; data?: unknown };
  if (type !== 'Buffer' || !Array.isArray(data)) return undefined;
  const isByte = (item: unknown) => Number.isInteger(item) && Number(item) >= 0 && Number(item) <= 255;
  return data.every(isByte) ? Buffer.from(data as number[]) : undefined;
}

interface Walk {
  ancestors: Set<object>;
  values: number;
}

/** Turns a value into something that JSON can write, or undefined where JSON leaves a value out. */
function toPlain(value: unknown, walk: Walk): unknown {
  if (++walk.values > MAX_VALUES) return '…';
  if (typeof value === 'bigint' || typeof value === 'symbol') return String(value);
  if (typeof value === 'function') return undefined;
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
  if (types.isDate(value)) return Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString();
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

function bytesToText(bytes: Buffer): string {
  try {
    const text = utf8.decode(bytes);
    if (!NOT_TEXT.test(text)) return text;
  } catch {
    // Not UTF-8: named below by its size.
  }
  return bytes.length === 1 ? t`<Buffer of 1 byte>` : t`<Buffer of ${bytes.length} bytes>`;
}
