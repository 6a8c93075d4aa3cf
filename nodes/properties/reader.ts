/**
 * Cleans the entries of a properties text, reports what is wrong with each on its own, and hands out the ones that are
 * live: those of the session and those under the prefix of the protocol in use.
 */
import { t } from '../language/text';
import { type Environment, expand, isReference } from './text/variables';
import type { Findings, Place } from './findings';
import type { Entry } from './text/parse';
import { KNOWN_KEYS } from './table/table';
import type { PropertyRow, Protocol } from './table/row';
import { reportAnswered, reportOtherPrefix, reportUnused } from './unused';

/** One live property: its row, and its value after `${NAME}` and trimming. */
export interface Property extends Place {
  row: PropertyRow;
  value: string;
  /** The value before `${NAME}` was replaced: the one to show, because a variable may hold a secret. */
  written: string;
  /** False: an error was reported for it, and the value must not be used. */
  valid: boolean;
}

export interface PropertyReader {
  readonly protocol: Protocol;
  /** The property as it is in the text; `name` is a session key (`mail.host`) or what follows `mail.smtp.` (`host`). */
  find(name: string): Property | null;
  /** The value; null when the property is not there, empty or invalid. */
  text(name: string): Property | null;
  /** The value of a boolean; null when it is not there or invalid. */
  flag(name: string): boolean | null;
  /** The key that `name` has in this text, for messages: `mail.smtp.host`. */
  key(name: string): string;
}

const PROTOCOL_KEYS = ['mail.transport.protocol', 'mail.transport.protocol.rfc822'];

/** What surrounds a value by accident: spaces, tabs, form feeds, and the invisible ones that come with pasted text. */
const PADDING = ' \t\f\u00a0\u200b\ufeff';

/** Reads the entries of a text; whatever is wrong with them is reported to `findings`. */
export function readProperties(entries: Entry[], env: Environment, findings: Findings): PropertyReader {
  const known = entries.filter(({ key }) => KNOWN_KEYS.has(key));
  reportUnused(
    entries.filter(({ key }) => !KNOWN_KEYS.has(key)),
    findings,
  );

  const live = new Map<string, Property>();
  const take = (chosen: Entry[]) => {
    for (const entry of chosen) {
      const property = clean(entry, env, findings);
      if (property !== null) live.set(entry.key, property);
    }
  };
  const scope = (entry: Entry) => KNOWN_KEYS.get(entry.key)?.protocol ?? null;
  take(known.filter((entry) => PROTOCOL_KEYS.includes(entry.key)));
  const protocol = readProtocol(live, findings);
  take(known.filter((entry) => scope(entry) === null && !PROTOCOL_KEYS.includes(entry.key)));
  take(known.filter((entry) => scope(entry) === protocol));

  const key = (name: string) => (name.startsWith('mail.') ? name : `mail.${protocol}.${name}`);
  const find = (name: string) => live.get(key(name)) ?? null;
  const text = (name: string) => {
    const property = find(name);
    return property !== null && property.valid && property.value !== '' ? property : null;
  };
  const flag = (name: string) => {
    const property = find(name);
    return property === null || !property.valid ? null : property.value.toLowerCase() === 'true';
  };
  reportOtherPrefix(
    known.filter((entry) => scope(entry) !== null && scope(entry) !== protocol),
    protocol,
    (name) => find(name) !== null,
    findings,
  );
  reportAnswered([...live.values()], findings);
  return { protocol, find, text, flag, key };
}

/** JavaMail reads one of the two, depending on how a program sends: here `smtps` in either is enough. */
function readProtocol(live: Map<string, Property>, findings: Findings): Protocol {
  const chosen = PROTOCOL_KEYS.flatMap((key) => live.get(key) ?? []).filter((property) => property.valid);
  for (const property of chosen) {
    if (property.value === 'smtp' || property.value === 'smtps') continue;
    property.valid = false;
    findings.error(
      'PROTOCOL_INVALID',
      t`${property.key} is ${findings.show(property.written)}: only smtp and smtps (lower case, no quotes) exist.
        Write ${property.key}=smtp, or smtps for implicit TLS.`,
      property,
    );
  }
  const values = new Set(chosen.filter((property) => property.valid).map((property) => property.value));
  if (values.size > 1) {
    findings.warn(
      'PROTOCOL_CONFLICT',
      t`mail.transport.protocol and mail.transport.protocol.rfc822 differ: smtps is used, and so are the mail.smtps.* keys.
        Keep one of the two.`,
      chosen[0],
    );
  }
  return values.has('smtps') ? 'smtps' : 'smtp';
}

/** Replaces `${NAME}`, trims, and checks what can be checked of a value by itself. */
function clean(entry: Entry, env: Environment, findings: Findings): Property | null {
  const row = KNOWN_KEYS.get(entry.key)?.row;
  if (row === undefined) return null;
  const { key, line } = entry;
  const secret = row.name === 'proxy.password';
  const { value: expanded, unset, unclean } = expand(entry.value, env);
  const value = trimmed(expanded);
  const property: Property = { key, line, row, value, written: trimmed(entry.value), valid: true };
  const show = (text: string) => (secret ? t`a value` : findings.show(text));
  const refuse = (code: string, message: string) => {
    property.valid = false;
    findings.error(code, message, property);
  };

  const reference = (name: string) => findings.show(`\${${name}}`);
  for (const name of unset) {
    const [plain = '', fallback] = name.split(':', 2);
    refuse(
      'ENV_UNSET',
      fallback !== undefined
        ? t`${key} uses ${reference(name)}: there are no defaults after a colon here. Write ${findings.show(fallback)} or ${reference(plain)}.`
        : t`${key} uses ${reference(name)}, and this environment variable is not set.
        Set it where Node-RED gets its environment, or write the value itself.`,
    );
  }
  for (const name of unclean) {
    refuse(
      'ENV_INVALID',
      t`${key} uses ${reference(name)}, and this environment variable has a line break or another
        control character, or half a character, in it. Set it without.`,
    );
  }
  if (!property.valid) return property;
  if (value !== expanded) {
    findings.warn(
      'SPACES_TRIMMED',
      t`${key}: the spaces around ${show(value)} are left out. (JavaMail keeps them, and the value is lost.) Remove them.`,
      property,
    );
  }
  if (hasControlCharacter(value, row)) {
    refuse(
      'CONTROL_CHARACTER',
      t`${key} is ${show(property.written)}, with a control character or half a character in it.
        In properties \\t, \\n, \\r and \\f are escapes: for a backslash write two (\\\\).`,
    );
  } else if (row.type === 'boolean' && !/^(?:true|false)$/i.test(value)) {
    refuse(
      'BOOLEAN_INVALID',
      t`${key} is ${show(property.written)}: only true and false are understood${reason(value)}.
        Write ${key}=true or ${key}=false.`,
    );
  }
  if (secret && property.valid && value !== '' && !isReference(entry.value)) {
    findings.warn(
      'PASSWORD_IN_TEXT',
      t`${key} holds a password, and it travels with the exported flow.
        Write ${key}=\${PROXY_PASSWORD} and set PROXY_PASSWORD in the environment.`,
      property,
    );
  }
  return property;
}

/**
 * A tab may separate the words of a list; anywhere else it comes from a backslash that was meant as one. Half of a
 * surrogate pair, from a cut text or an escape, is nothing that can be sent.
 */
function hasControlCharacter(value: string, row: PropertyRow): boolean {
  return /[\p{Cc}\p{Cs}]/u.test(row.type === 'list' ? value.replace(/\t/g, ' ') : value);
}

/** Why a value is not what it looks like. */
export function reason(value: string): string {
  if (value === '') return t`, and it is empty`;
  const about = misunderstanding(value);
  return about === undefined ? '' : t`; ${about}`;
}

/** What somebody took for granted who wrote a value. */
export function misunderstanding(value: string): string | undefined {
  if (value === '') return t`it is empty`;
  if (/^["'].*["']$/.test(value)) return t`quotes are part of the value in properties`;
  if (/\s(?:[#!]|\/\/)/.test(value)) return t`a comment needs its own line in properties`;
  if (/[;,]$/.test(value)) return t`a line ends without ; or ,`;
  return undefined;
}

/** Not a regular expression: one for the end of a text takes quadratic time on a long run of spaces inside it. */
function trimmed(value: string): string {
  let start = 0;
  let end = value.length;
  while (start < end && PADDING.includes(value.charAt(start))) start += 1;
  while (end > start && PADDING.includes(value.charAt(end - 1))) end -= 1;
  return value.slice(start, end);
}
