/**
 * The grammar of `java.util.Properties.load(Reader)`: text in, keys and values with their lines out. What the keys mean
 * is settled elsewhere.
 */
import { Properties } from 'properties-file/parser';
import { t } from '../../language/text';
import type { Findings } from '../findings';

export interface Entry {
  key: string;
  value: string;
  /** Line where the entry starts, from 1. */
  line: number;
}

/** Most characters of a properties text. A complete set has less than 2000. */
export const MAX_TEXT = 64 * 1024;

/** Findings of one kind are reported one by one up to this number: a wrong file pasted as a whole has thousands. */
export const MANY = 20;

const COMMENT_OR_BLANK = /^[ \t\f]*(?:[#!]|$)/;
const ONLY_BACKSLASH = /^[ \t\f]*\\$/;
const CONTINUES = /(?:^|[^\\])(?:\\\\)*\\$/;
const MALFORMED_ESCAPE = /(?:^|[^\\])(?:\\\\)*(\\u(?![0-9a-fA-F]{4}).{0,4})/;

/**
 * Parses a properties text. Of keys that are there more than once the last counts, as in Java, and a warning names the
 * lines. A malformed `\u` escape is an error with its line, and so is a text of more than 64 KB. Never throws.
 */
export function parseProperties(text: string, findings: Findings): Entry[] {
  if (text.length > MAX_TEXT) {
    findings.error(
      'TEXT_TOO_LONG',
      t`The properties have ${text.length} characters, ${MAX_TEXT} are allowed. Keep only mail.* properties.`,
    );
    return [];
  }
  return withoutDuplicates(parseEntries(text, findings), findings);
}

function parseEntries(text: string, findings: Findings): Entry[] {
  const lines = text.replace(/^\ufeff/, '').split(/\r\n|\r|\n/);
  const ranges = logicalLines(lines);
  try {
    return entriesOf(lines.join('\n'), 0);
  } catch {
    // One bad escape fails the whole text. Taken one by one, the other lines can still be read and checked.
    return parseOneByOne(lines, ranges, findings);
  }
}

function parseOneByOne(
  lines: string[],
  ranges: { start: number; end: number }[],
  findings: Findings,
): Entry[] {
  const entries: Entry[] = [];
  let malformed = 0;
  for (const { start, end } of ranges) {
    try {
      entries.push(...entriesOf(lines.slice(start, end + 1).join('\n'), start));
    } catch {
      reportMalformed(lines, start, end, findings);
      malformed += 1;
      if (malformed === MANY) break;
    }
  }
  return entries;
}

function entriesOf(text: string, linesBefore: number): Entry[] {
  return new Properties(text).getProperties().map(({ key, value, startingLineNumber }) => ({
    key,
    value,
    line: linesBefore + startingLineNumber,
  }));
}

/**
 * First and last line (from 0) of each logical line that is not a comment. Blanks, in place, lines that are only a
 * backslash: Java starts anew after them, so that a comment may follow, and the parser would continue them. As the
 * very last line Java reads one as an empty entry, and so does the parser.
 */
function logicalLines(lines: string[]): { start: number; end: number }[] {
  const ranges = [];
  for (let start = 0; start < lines.length; start += 1) {
    const line = lines[start] ?? '';
    if (COMMENT_OR_BLANK.test(line)) continue;
    if (ONLY_BACKSLASH.test(line) && start < lines.length - 1) {
      lines[start] = '';
      continue;
    }
    let end = start;
    while (end < lines.length - 1 && CONTINUES.test(lines[end] ?? '')) end += 1;
    ranges.push({ start, end });
    start = end;
  }
  return ranges;
}

function reportMalformed(lines: string[], start: number, end: number, findings: Findings): void {
  const found = lines.slice(start, end + 1).findIndex((line) => MALFORMED_ESCAPE.test(line));
  const at = found < 0 ? start : start + found;
  const escape = MALFORMED_ESCAPE.exec(lines[at] ?? '')?.[1] ?? '\\u';
  const message = t`Line ${at + 1}: ${findings.show(escape)} is not a character: \\u needs four hexadecimal digits.
    For a real backslash write two: \\\\u`;
  findings.errors.push({ line: at + 1, key: null, code: 'MALFORMED_ESCAPE', message });
}

function withoutDuplicates(entries: Entry[], findings: Findings): Entry[] {
  const lines = new Map<string, number[]>();
  for (const { key, line } of entries) {
    const known = lines.get(key);
    if (known) known.push(line);
    else lines.set(key, [line]);
  }
  if (lines.size === entries.length) return entries;
  const repeated = [...lines].filter(([, at]) => at.length > 1);
  for (const [key, at] of repeated.slice(0, MANY)) {
    const shown = at.length > MANY ? `${at.slice(0, MANY).join(', ')}, …` : at.join(', ');
    const last = at[at.length - 1] ?? 0;
    findings.warn(
      'DUPLICATE_KEY',
      t`${findings.showKey(key)} is there ${at.length} times (lines ${shown}): line ${last} counts. Remove the others.`,
      { key, line: last },
    );
  }
  return entries.filter(({ key, line }) => lines.get(key)?.at(-1) === line);
}
