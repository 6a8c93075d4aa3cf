/** Msgs as bytes. What lives only in this process (functions, sockets, HTTP requests) is left out. */
import { EventEmitter } from 'node:events';
import { types } from 'node:util';
import { deserialize, serialize } from 'node:v8';

/** Deeper than people nest data, and well within the stack of the serializer. */
const MAX_DEPTH = 500;

const UNREADABLE = Symbol('unreadable');

/**
 * The bytes of a value: Buffers, Dates, Maps, Sets, errors, BigInts, undefined and circular references stay what they are.
 * Never throws: what can not be kept is left out.
 */
export function encodeValue(value: unknown): Buffer {
  try {
    return serialize(value);
  } catch {
    // Something in it can not be cloned: once more without that.
  }
  try {
    return serialize(keepable(value));
  } catch {
    return serialize(undefined);
  }
}

/** The value of bytes from `encodeValue`; throws an Error when they are none, or of a newer Node.js. */
export function decodeValue(bytes: Buffer): unknown {
  return deserialize(bytes);
}

/** A copy of what a serializer can keep of a value. */
function keepable(value: unknown): unknown {
  const copies = new Map<object, unknown>();

  function copy(of: unknown, depth: number): unknown {
    if (typeof of === 'function' || typeof of === 'symbol') return undefined;
    if (typeof of !== 'object' || of === null) return of;
    if (copies.has(of)) return copies.get(of);
    if (depth > MAX_DEPTH) return undefined;
    return copyObject(of, depth);
  }

  function copyObject(of: object, depth: number): unknown {
    if (types.isProxy(of)) return copyProperties(of, {}, depth);
    if (keptAsIs(of)) return of;
    if (livesHere(of)) return undefined;
    if (types.isNativeError(of)) return copyError(of);
    if (types.isMap(of)) {
      const map = remember(of, new Map<unknown, unknown>());
      for (const [key, item] of Map.prototype.entries.call(of))
        map.set(copy(key, depth + 1), copy(item, depth + 1));
      return map;
    }
    if (types.isSet(of)) {
      const set = remember(of, new Set<unknown>());
      for (const item of Set.prototype.values.call(of)) set.add(copy(item, depth + 1));
      return set;
    }
    return copyProperties(of, Array.isArray(of) ? new Array<unknown>(of.length) : {}, depth);
  }

  function copyProperties(of: object, target: object, depth: number): object {
    remember(of, target);
    const keys = ownKeys(of);
    const isMsg = keys.includes('_msgid');
    for (const key of keys) {
      // The HTTP request and response of a msg, as Node-RED names them; half of one helps nobody.
      if (isMsg && (key === 'req' || key === 'res')) continue;
      const original = read(of, key);
      const item = copy(original, depth + 1);
      if (item === undefined && original !== undefined) continue;
      // Not by assignment: the key may be __proto__.
      Object.defineProperty(target, key, {
        value: item,
        enumerable: true,
        writable: true,
        configurable: true,
      });
    }
    return target;
  }

  function copyError(error: Error): Error {
    const kept = remember(error, new Error(String(read(error, 'message'))));
    kept.name = String(read(error, 'name'));
    kept.stack = String(read(error, 'stack'));
    return kept;
  }

  function remember<T extends object>(of: object, made: T): T {
    copies.set(of, made);
    return made;
  }

  return copy(value, 0);
}

/** Data of a type of its own that the serializer knows. */
function keptAsIs(value: object): boolean {
  if (ArrayBuffer.isView(value)) return isAttached(value.buffer);
  return (
    types.isDate(value) ||
    types.isRegExp(value) ||
    (types.isArrayBuffer(value) && isAttached(value)) ||
    (types.isBoxedPrimitive(value) && !types.isSymbolObject(value))
  );
}

/** Objects that mean nothing outside of this process. */
function livesHere(value: object): boolean {
  return (
    value instanceof EventEmitter ||
    ArrayBuffer.isView(value) ||
    types.isAnyArrayBuffer(value) ||
    types.isPromise(value) ||
    types.isWeakMap(value) ||
    types.isWeakSet(value) ||
    types.isGeneratorObject(value) ||
    types.isExternal(value) ||
    types.isSymbolObject(value)
  );
}

/** False when the memory was handed to another thread, or is shared with one. */
function isAttached(buffer: ArrayBufferLike): boolean {
  try {
    new Uint8Array(buffer);
    return !types.isSharedArrayBuffer(buffer);
  } catch {
    return false;
  }
}

function ownKeys(of: object): string[] {
  try {
    return Object.keys(of);
  } catch {
    return [];
  }
}

/** The value of a property; a symbol, which is left out, when its getter throws. */
function read(of: object, key: string): unknown {
  try {
    return (of as Record<string, unknown>)[key];
  } catch {
    return UNREADABLE;
  }
}
