/**
 * Which property somebody meant with a key that does not exist.
 */
import { KNOWN_KEYS, PROTOCOLS } from '../table/table';
import { ALIASES } from '../table/aliases';

/** Most changed letters between a key and what it may have meant. */
const FAR = 3;

/** Most suggestions. */
const MANY = 4;

const INVISIBLE = /[\s\u00a0\u00ad\u200b-\u200f\u2060\ufeff]/g;
const FOREIGN_PREFIX = /^(?:-->|-d|spring\.mail\.properties\.|spring\.)/;

const lowered = (known: Iterable<string>) => [...known].map((key) => [key.toLowerCase(), key] as const);
const knownKeys = lowered(KNOWN_KEYS.keys());
const aliases = new Map(
  [...ALIASES].flatMap(([alias, key]): [string, string | null][] =>
    alias.startsWith('mail.')
      ? [[alias.toLowerCase(), key]]
      : PROTOCOLS.map((protocol): [string, string | null] => [
          `mail.${protocol}.${alias}`.toLowerCase(),
          key === null || key.startsWith('mail.') ? key : `mail.${protocol}.${key}`,
        ]),
  ),
);

/**
 * The known keys that an unknown key is nearest to, best first: what it is known to be written for, else those with the
 * fewest letters changed, at most three (Damerau-Levenshtein). Upper and lower case and invisible characters do not count.
 */
export function nearestKeys(key: string): string[] {
  const clean = key.replace(INVISIBLE, '').toLowerCase().replace(FOREIGN_PREFIX, '');
  const meant = aliases.get(clean);
  if (meant !== undefined) return meant === null ? [] : [meant];
  const near = knownKeys
    .filter(([known]) => Math.abs(known.length - clean.length) <= FAR)
    .map(([known, name]) => ({ name, distance: distance(clean, known) }))
    .filter(({ distance }) => distance <= FAR);
  const best = Math.min(...near.map(({ distance }) => distance));
  return near
    .filter(({ distance }) => distance === best)
    .slice(0, MANY)
    .map(({ name }) => name);
}

/** Letters to insert, delete, replace or swap with their neighbour, to make one text of the other. */
function distance(a: string, b: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= b.length; column += 1) {
      const same = a[row - 1] === b[column - 1] ? 0 : 1;
      let cost = Math.min(
        (last[column] ?? 0) + 1,
        (current[column - 1] ?? 0) + 1,
        (last[column - 1] ?? 0) + same,
      );
      if (row > 1 && column > 1 && a[row - 1] === b[column - 2] && a[row - 2] === b[column - 1]) {
        cost = Math.min(cost, (beforeLast[column - 2] ?? 0) + 1);
      }
      current[column] = cost;
    }
    beforeLast = last;
    last = current;
  }
  return last[b.length] ?? 0;
}
