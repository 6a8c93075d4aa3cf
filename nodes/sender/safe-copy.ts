/** Msgs come from any node, and some can not be read as a whole. */
import type { Msg } from '../types';

/** A copy of a msg without the properties that can not be read: a getter may throw. Never throws. */
export function safeCopy(msg: Msg): Msg {
  try {
    return { ...msg };
  } catch {
    const copy: Msg = {};
    for (const key of keysOf(msg)) {
      try {
        copy[key] = msg[key];
      } catch {
        // Left out.
      }
    }
    return copy;
  }
}

function keysOf(msg: Msg): string[] {
  try {
    return Object.keys(msg);
  } catch {
    return [];
  }
}
