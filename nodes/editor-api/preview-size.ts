/**
 * How large a mail can become, before it is rendered: sections in sections over long lists would keep Node-RED busy for
 * minutes, and whoever may only look at flows can ask for a preview.
 */
import { parse } from 'mustache';
import { t } from '../language/text';
import type { Externals } from '../mail/template/scope';
import { textView } from '../mail/template/text-view';
import { MailError, type Msg } from '../types';

/** What mustache makes of a template, as far as it is needed here. */
type Token = [kind: string, value: string, start: number, end: number, inner?: Token[]];

/** What the values of a name come to at most. */
interface Extent {
  /** Characters of one value. */
  size: number;
  /** Values in one list. */
  items: number;
}

/** Of a name that no msg has: an index, a time, or nothing. */
const SMALL: Extent = { size: 30, items: 1 };

/** Levels of objects in objects; mails show no more than 64. */
const DEEPEST = 200;

/**
 * The most characters and repetitions that a valid template can come to with these msgs and values, estimated from
 * above. Throws MailError BAD_REQUEST for a msg that is nested deeper than anything that is shown.
 */
export function largestOutput(template: string, messages: readonly Msg[], externals: Externals): number {
  const extents = new Map<string, Extent>();
  const whole = measure('', messages, extents, 0);
  const mostItems = [...extents.values()].reduce((most, { items }) => Math.max(most, items), messages.length);
  const everything = { size: whole, items: mostItems };
  for (const [name, value] of Object.entries(externals)) {
    extents.set(name, { size: textView(value).length, items: Array.isArray(value) ? value.length : 1 });
  }

  const extentOf = (name: string): Extent => {
    const own = extents.get(name);
    if (own && name.includes('.')) return own;
    const last = name.split('.').at(-1) ?? '';
    if (last === '' || last === 'events') return everything;
    if (last === 'event') return { size: extents.get('payload')?.size ?? 0, items: 1 };
    if (last === 'first' || last === 'last') return { size: whole, items: 1 };
    return extents.get(last) ?? SMALL;
  };
  const sum = (tokens: Token[]): number => tokens.reduce((total, token) => total + outputOf(token), 0);
  const outputOf = ([kind, value, , , inner]: Token): number => {
    if (kind === 'text') return value.length;
    if (kind === '#') return 1 + extentOf(value).items * sum(inner ?? []);
    if (kind === '^') return 1 + sum(inner ?? []);
    return 1 + extentOf(value).size;
  };
  return sum(parse(template, ['{{', '}}']) as Token[]);
}

/** Notes the extent of each property, however deep; gives the size of the value itself. */
function measure(name: string, value: unknown, extents: Map<string, Extent>, depth: number): number {
  if (depth > DEEPEST) {
    throw new MailError('BAD_REQUEST', t`messages: a msg is nested more than ${DEEPEST} levels deep`);
  }
  let size = 2;
  if (typeof value === 'object' && value !== null) {
    for (const [key, inner] of Object.entries(value)) {
      size += key.length + measure(Array.isArray(value) ? name : key, inner, extents, depth + 1);
    }
  } else size += String(value).length;
  const known = extents.get(name);
  extents.set(name, {
    size: Math.max(known?.size ?? 0, size),
    items: Math.max(known?.items ?? 1, Array.isArray(value) ? value.length : 1),
  });
  return size;
}
