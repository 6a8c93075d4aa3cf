/**
 * Recognises a configuration that was pasted in another style than `key=value` (Spring, YAML, Java code, JVM arguments,
 * XML) and says what to write instead.
 */
import { t } from '../../language/text';
import { isPasswordKey } from '../table/table';

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
const JVM_ARGUMENT = /(?:^|[\s,[(="'])-D((?:spring\.)?mail\.[\w.-]+)=("[^"]*"|'[^']*'|[^\s"',\])]*)/g;
const HELM = /--set(?:-string)?[ =]["']?((?:[\w.[\]-]+=[^\s,"']*,?)+)/g;
const TOMCAT = /<Resource\b|\bjavax?\.mail\.Session\b|\bjakarta\.mail\.Session\b/;
const ATTRIBUTE = /(?:^|\s)(mail\.[\w.-]+|password)="([^"<>]*)"/g;
const JAVADOC = /^\s*(?:\/\*\*?|\*|\/\/)\s*(mail\.[\w.-]+)\s*[=:]\s*(\S.*?)\s*(?:\*\/)?$/;
const CAMEL = /\b(smtps?):(?:\/\/)?(?:[^@\s/?"']*@)?([\w.-]+)(?::(\d+))?\?([^\s"']*)/;
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
    json(lines) ??
    told(t`a Tomcat resource`, lines, tomcatPairs(lines)) ??
    told(t`helm arguments`, lines, helmPairs) ??
    told(t`a Camel address`, lines, camelPairs) ??
    told(t`a comment in code`, lines, javadocPairs) ??
    yaml(lines)
  );
}

/** JSON, nested or with whole keys; its lines are not told apart. */
function json(lines: string[]): ForeignText | null {
  const text = lines.join('\n').trim();
  if (!text.startsWith('{') && !text.startsWith('[')) return null;
  let data: unknown;
  try {
    data = JSON.parse(text);
  } catch {
    return null;
  }
  const pairs = leaves(data, '').filter(({ key }) => key.includes('mail.'));
  const first = lines.findIndex((line) => line.trim() !== '');
  return pairs.length === 0 ? null : { style: 'JSON', line: first + 1, ...asProperties(pairs) };
}

function leaves(value: unknown, key: string, depth = 0): Pair[] {
  if (typeof value === 'string') return [{ key, value }];
  if (typeof value !== 'object') return [{ key, value: JSON.stringify(value) }];
  if (value === null || depth > 10) return [];
  return Object.entries(value).flatMap(([name, inner]) =>
    leaves(inner, key === '' || Array.isArray(value) ? name : `${key}.${name}`, depth + 1),
  );
}

function tomcatPairs(lines: string[]): (line: string) => Pair[] {
  return lines.some((line) => TOMCAT.test(line)) ? matches(ATTRIBUTE) : () => [];
}

function helmPairs(line: string): Pair[] {
  return [...line.matchAll(HELM)].flatMap(([, list = '']) =>
    list.split(',').flatMap((item) => {
      const at = item.indexOf('=');
      return at < 0 ? [] : { key: item.slice(0, at), value: unquoted(item.slice(at + 1)) };
    }),
  );
}

/** `smtps://mail.example.com:465?username=me&password=x&mail.smtp.auth=true` */
function camelPairs(line: string): Pair[] {
  const [, scheme = 'smtp', host, port, query = ''] = CAMEL.exec(line) ?? [];
  if (host === undefined) return [];
  const pairs: Pair[] = [{ key: `mail.${scheme}.host`, value: host }];
  if (scheme === 'smtps') pairs.unshift({ key: 'mail.transport.protocol', value: 'smtps' });
  if (port !== undefined) pairs.push({ key: `mail.${scheme}.port`, value: port });
  for (const [name, value] of new URLSearchParams(query)) {
    const key = name.replace(/^additionalJavaMailProperties\./, '');
    if (key.startsWith('mail.')) pairs.push({ key, value });
    // Camel logs in when it has a name; whether these are mail keys is told by their dots.
    else if (/^(?:username|password)$/.test(key)) pairs.push({ key: `mail.${scheme}.${key}`, value });
  }
  return pairs;
}

function javadocPairs(line: string): Pair[] {
  const [, key, value = ''] = JAVADOC.exec(line) ?? [];
  return key === undefined ? [] : [{ key, value: unquoted(value) }];
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

/** Turns Spring's keys into JavaMail's, so that they stand their own check; credentials are left out. */
function asProperties(pairs: Pair[]): Pick<ForeignText, 'properties' | 'hadCredentials'> {
  const protocol = pairs.some(({ key, value }) => /\bprotocol$/.test(key) && value === 'smtps')
    ? 'smtps'
    : 'smtp';
  const properties = new Map<string, string>();
  let hadCredentials = false;
  for (const { key, value } of pairs) {
    if (isPasswordKey(key) || /\.user(?:name)?$/.test(key)) hadCredentials = true;
    else {
      const name = translated(key, protocol);
      if (name !== null && properties.size < SHOWN) properties.set(name, cleaned(name, value));
    }
  }
  encrypt(properties, protocol, hadCredentials);
  return { properties: [...properties].map(([name, value]) => `${name}=${escaped(value)}`), hadCredentials };
}

/** A login in clear text is refused here, where Java would have gone on. */
function encrypt(properties: Map<string, string>, protocol: string, hadCredentials: boolean): void {
  const logsIn = hadCredentials || properties.get(`mail.${protocol}.auth`) === 'true';
  const encrypts = [
    'ssl.enable',
    'starttls.enable',
    'starttls.required',
    'socketFactory.class',
    'ssl.socketFactory.class',
  ];
  if (!logsIn || protocol === 'smtps' || encrypts.some((name) => properties.has(`mail.smtp.${name}`))) return;
  properties.set(
    properties.get('mail.smtp.port') === '465' ? 'mail.smtp.ssl.enable' : 'mail.smtp.starttls.enable',
    'true',
  );
}

/** All keys under the prefix of the protocol: the others would not be read. */
function translated(key: string, protocol: string): string | null {
  const nested =
    /^(?:.*\.)?spring\.mail\.properties(?:\.|\[)(.*?)\]?$/.exec(key)?.[1] ??
    /^(?:.*\.)??(mail\.smtps?\..*|mail\.[\w.]+)$/.exec(key)?.[1];
  const own = /^(?:.*\.)?spring\.mail\.(host|port|protocol)$/.exec(key)?.[1];
  if (own === 'protocol') return 'mail.transport.protocol';
  if (own !== undefined) return `mail.${protocol}.${own}`;
  if (nested === undefined || key.includes('spring.mail.') !== /spring\.mail\.properties/.test(key))
    return null;
  return nested.replace(/^mail\.smtps?\./, `mail.${protocol}.`);
}

/** What other languages take for true and false, and the default after the colon of Spring. */
function cleaned(name: string, value: string): string {
  const text = value
    .trim()
    .replace(
      /\$\{([^{}:]+):([^{}]*)\}/g,
      (_, variable: string, fallback: string) => fallback || `\${${variable}}`,
    );
  const boolean =
    /(?:^|\.)(?:auth|enable|required|debug|checkserveridentity|fallback|sendpartial|quitwait|userset)$/.test(
      name,
    );
  if (!boolean) return text;
  if (/^(?:yes|on|y|1)$/i.test(text)) return 'true';
  return /^(?:no|off|n|0)$/i.test(text) ? 'false' : text;
}

function escaped(value: string): string {
  return value.replace(/\p{Cc}/gu, '').replace(/\\/g, '\\\\');
}
