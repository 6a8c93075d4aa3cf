/**
 * Recognises a configuration that was pasted in another style than `key=value` (Spring, YAML, Java code, JVM arguments,
 * XML) and says what to write instead.
 */
import { t } from '../language/text';
import { isPasswordKey } from './property-table';

export interface ForeignText {
  /** Name of the style, for people. */
  style: string;
  /** First line of it, from 1. */
  line: number;
  /** The same settings as properties, a line each, without passwords. */
  properties: string[];
  /** Whether a username or password was among them: they belong in the connector's own fields. */
  hadCredentials: boolean;
}

interface Pair {
  key: string;
  value: string;
}

/** Most lines that are shown: the set of a mail server has fewer. */
const SHOWN = 40;

const JAVA = /\.\s?(?:put|setProperty)\s?\(\s?"([^"]*)"\s?,\s?"?([^")]*)"?\s?\)/g;
const JVM_ARGUMENT = /(?:^|\s)["']?-D((?:spring\.)?mail\.[\w.-]+)=("[^"]*"|'[^']*'|[^\s"']*)/g;
const XML_ATTRIBUTES = /<\w+ {1,4}(?:name|key) ?= ?"([^"<>]*)" {1,4}value ?= ?"([^"<>]*)"/g;
const XML_TEXT = /<\w+ {1,4}(?:name|key) ?= ?"([^"<>]*)" ?>([^<]*)</g;
const SPRING = /^[ \t]*(?:-->)?(spring\.mail\.[\w.[\]-]+)[ \t]*[=:][ \t]*(.*)$/;
const YAML_LINE = /^( *)(?:"|')?([\w.[\]-]+)(?:"|')?:(?: +(.*))?$/;
const YAML_NESTED = /^(?:spring\.)?mail\./;

/** Finds the style of a text that is not properties; null when it looks like properties. */
export function recogniseForeign(text: string): ForeignText | null {
  // Commented-out lines say nothing; they stay as empty lines, so that line numbers hold.
  const lines = text.split(/\r\n|\r|\n/).map((line) => (/^\s*[#!]/.test(line) ? '' : line));
  return (
    told(t`Java code`, lines, matches(JAVA)) ??
    told(t`JVM arguments`, lines, matches(JVM_ARGUMENT)) ??
    told('XML', lines, (line) => [...matches(XML_ATTRIBUTES)(line), ...matches(XML_TEXT)(line)]) ??
    told(t`Spring Boot properties`, lines, springPairs) ??
    yaml(lines)
  );
}

function told(style: string, lines: string[], read: (line: string) => Pair[]): ForeignText | null {
  const pairs: Pair[] = [];
  let first = 0;
  lines.forEach((line, at) => {
    const found = read(line).filter(({ key }) => key.includes('mail.'));
    if (found.length > 0 && pairs.length === 0) first = at + 1;
    pairs.push(...found);
  });
  return pairs.length === 0 ? null : { style, line: first, ...asProperties(pairs) };
}

function matches(pattern: RegExp): (line: string) => Pair[] {
  return (line) =>
    [...line.matchAll(pattern)].map(([, key = '', value = '']) => ({ key, value: unquoted(value) }));
}

function springPairs(line: string): Pair[] {
  const [, key, value] = SPRING.exec(line) ?? [];
  return key === undefined ? [] : [{ key, value: (value ?? '').trim() }];
}

/** YAML nests by indentation: `mail:` above `  smtp:` above `    auth: true` is `mail.smtp.auth`. */
function yaml(lines: string[]): ForeignText | null {
  const open: { indent: number; key: string }[] = [];
  const pairs: Pair[] = [];
  let nested = false;
  let first = 0;
  lines.forEach((line, at) => {
    const [, spaces = '', name, value] = YAML_LINE.exec(line) ?? [];
    if (name === undefined) return;
    while ((open.at(-1)?.indent ?? -1) >= spaces.length) open.pop();
    const key = [...open.map((parent) => parent.key), name].join('.');
    if (value === undefined || value === '') {
      open.push({ indent: spaces.length, key: name });
      return;
    }
    if (!YAML_NESTED.test(key)) return;
    if (open.length > 0) nested = true;
    if (pairs.length === 0) first = at + 1;
    pairs.push({ key, value: unquoted(value.replace(/ #.*$/, '')) });
  });
  return nested ? { style: 'YAML', line: first, ...asProperties(pairs) } : null;
}

function unquoted(value: string): string {
  return value.trim().replace(/^(["'])(.*)\1$/, '$2');
}

/** Turns Spring's keys into JavaMail's; credentials are left out. */
function asProperties(pairs: Pair[]): Pick<ForeignText, 'properties' | 'hadCredentials'> {
  const protocol = pairs.some(({ key, value }) => key === 'spring.mail.protocol' && value === 'smtps')
    ? 'smtps'
    : 'smtp';
  const properties: string[] = [];
  let hadCredentials = false;
  for (const { key, value } of pairs) {
    if (isPasswordKey(key) || key.endsWith('.username')) hadCredentials = true;
    else {
      const name = translated(key, protocol);
      if (name !== null && properties.length < SHOWN) properties.push(`${name}=${escaped(value)}`);
    }
  }
  return { properties, hadCredentials };
}

function translated(key: string, protocol: string): string | null {
  const nested = /^spring\.mail\.properties(?:\.|\[)(.*?)\]?$/.exec(key)?.[1];
  if (nested !== undefined) return nested;
  const own = /^spring\.mail\.(.*)$/.exec(key)?.[1];
  if (own === undefined) return key.startsWith('mail.') ? key : null;
  if (own === 'protocol') return 'mail.transport.protocol';
  return own === 'host' || own === 'port' ? `mail.${protocol}.${own}` : null;
}

function escaped(value: string): string {
  return value.replace(/\p{Cc}/gu, '').replace(/\\/g, '\\\\');
}
