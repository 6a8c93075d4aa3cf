/** Environment variables in texts that come from the editor. */
import type { Env } from '../connector/config';

/** A value shorter than this would hide parts of ordinary words; it is hidden only as a whole word. */
const SHORT = 4;

/**
 * Replaces a text that is a variable as a whole, `${NAME}` or `$(NAME)`, as Node-RED does before a node gets it. A name
 * that is not set stays as it is written.
 */
export function replaceWhole(text: string, env: Env): string {
  const name = /^\$(?:\{(\S+)\}|\((\S+)\))$/.exec(text);
  return name === null ? text : (env(name[1] ?? name[2] ?? '') ?? text);
}

export interface RecordedEnv {
  env: Env;
  /** Shows `${NAME}` where a text holds the value of a variable that was read. */
  hide: (text: string) => string;
}

/** Makes an environment whose values can be kept from those who may look at flows and not at the environment. */
export function recordEnv(env: Env): RecordedEnv {
  const names = new Map<string, string>();
  return {
    env(name) {
      const value = env(name);
      // A list is shown word by word.
      for (const text of value === undefined ? [] : [value, ...value.split(/\s+/)]) {
        if (text !== '' && !/^(?:true|false)$/i.test(text)) names.set(text.toLowerCase(), name);
      }
      return value;
    },
    hide(text) {
      if (names.size === 0) return text;
      // The longest first: a shorter value may be a part of it.
      const values = [...names.keys()].sort((a, b) => b.length - a.length).map(pattern);
      return text.replace(
        new RegExp(values.join('|'), 'gi'),
        (value) => `\${${names.get(value.toLowerCase()) ?? ''}}`,
      );
    },
  };
}

function pattern(value: string): string {
  const literal = value.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  return value.length < SHORT ? `(?<!\\w)${literal}(?!\\w)` : literal;
}
