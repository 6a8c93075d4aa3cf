/** The last msgs of a node as samples for its preview: small copies that JSON can write, in memory only. */
import { bytesOf } from '../mail/template/text-view';
import type { Msg } from '../types';
import { safeCopy } from './safe-copy';

export interface Samples {
  add(msg: Msg): void;
  /** Oldest first. */
  list(): Msg[];
}

/** As many as a person looks at. */
const MOST = 5;

/** Characters of one msg; all of them together stay far below the largest body of a preview. */
const LARGEST = 20_000;
const LONGEST_TEXT = 4_000;
const LONGEST_BUFFER = 32;
const DEEPEST = 20;

/** Keeps copies of the last 5 msgs, each of at most about 20,000 characters. */
export function createSamples(): Samples {
  let kept: Msg[] = [];
  return {
    add(msg) {
      kept = [...kept, sampleOf(msg)].slice(-MOST);
    },
    list: () => kept,
  };
}

/**
 * A copy of a msg as JSON can write it: texts and Buffers are shortened, and what is too much, too deep or lives only in
 * this process (req, res, functions) is left out. Never throws.
 */
export function sampleOf(msg: Msg): Msg {
  let left = LARGEST;
  const ancestors = new Set<object>();

  function copy(value: unknown): unknown {
    if (left <= 0) return undefined;
    if (typeof value === 'string') return text(value);
    if (typeof value === 'bigint') return text(String(value));
    if (typeof value === 'function' || typeof value === 'symbol' || value === undefined) return undefined;
    if (typeof value !== 'object' || value === null) {
      left -= 8;
      return value;
    }
    if (ancestors.has(value) || ancestors.size >= DEEPEST) return undefined;
    ancestors.add(value);
    try {
      return object(value);
    } catch {
      return undefined;
    } finally {
      ancestors.delete(value);
    }
  }

  function text(value: string): string {
    const most = Math.min(LONGEST_TEXT, left);
    left -= Math.min(value.length, most) + 2;
    return value.length > most ? `${value.slice(0, most)}…` : value;
  }

  function object(value: object): unknown {
    left -= 2;
    const bytes = bytesOf(value);
    if (bytes) {
      const first = [...bytes.subarray(0, LONGEST_BUFFER)];
      left -= first.length * 4;
      return { type: 'Buffer', data: first };
    }
    if (value instanceof Error) return properties(Object.entries({ ...value, message: value.message }));
    if (value instanceof Date)
      return text(Number.isNaN(value.getTime()) ? 'Invalid Date' : value.toISOString());
    if (value instanceof Map) return properties([...value].map(([key, item]) => [String(key), item]));
    if (Array.isArray(value) || value instanceof Set || ArrayBuffer.isView(value))
      return list(value as Iterable<unknown>);
    return properties(Object.keys(value).map((key) => [key, (value as Record<string, unknown>)[key]]));
  }

  function list(items: Iterable<unknown>): unknown[] {
    const copies: unknown[] = [];
    for (const item of items) {
      if (left <= 0) break;
      // As JSON does with what it can not write.
      copies.push(copy(item) ?? null);
    }
    return copies;
  }

  function properties(entries: [string, unknown][]): Record<string, unknown> {
    const copies: [string, unknown][] = [];
    for (const [key, item] of entries) {
      left -= key.length;
      const made = copy(item);
      if (made !== undefined) copies.push([key, made]);
    }
    // Also sets a property named __proto__ as one like any other.
    return Object.fromEntries(copies);
  }

  // The HTTP request and response of a msg hold the login of whoever asked.
  const { req, res, ...rest } = safeCopy(msg);
  void req;
  void res;
  return (copy(rest) ?? {}) as Msg;
}
