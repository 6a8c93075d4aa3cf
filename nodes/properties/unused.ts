/**
 * Reports the properties that change nothing here: unknown ones, those of the other prefix, and those that the table
 * answers with a sentence.
 */
import { t, translate } from '../language/text';
import type { Findings, Place } from './findings';
import { isReference } from './text/variables';
import { nearestKeys } from './text/suggestions';
import { type Entry, MANY } from './text/parse';
import { isPasswordKey, KNOWN_KEYS } from './table/table';
import { NOT_SENDING } from './table/aliases';
import type { PropertyRow, Protocol } from './table/row';

/** Under the wrong prefix these lose the connection, its encryption or its login. */
const DECISIVE = ['host', 'port', 'auth', 'ssl.enable', 'starttls.enable', 'starttls.required'];

/** Reports the keys that JavaMail does not know: a password is an error, any other a warning with the nearest known keys. */
export function reportUnused(entries: Entry[], findings: Findings): void {
  const passwords = entries.filter(({ key }) => isPasswordKey(key));
  for (const entry of passwords.filter(({ value }) => holdsNothing(value)).slice(0, MANY)) {
    findings.warn(
      'PASSWORD_UNUSED',
      entry.value.trim() === ''
        ? t`${findings.showKey(entry.key)} is empty and not read: the password is in its own field. Remove the line.`
        : t`${findings.showKey(entry.key)} is not read: put ${findings.show(entry.value.trim())} into the password field, and remove the line.`,
      entry,
    );
  }
  for (const entry of passwords.filter(({ value }) => !holdsNothing(value)).slice(0, MANY)) {
    findings.error(
      'PASSWORD_IN_PROPERTIES',
      t`${findings.showKey(entry.key)}: a password does not belong in the properties, which travel with the exported
        flow (JavaMail does not read it either). Remove the line and type it into the password field.`,
      entry,
    );
  }
  const others = entries.filter(({ key }) => !isPasswordKey(key));
  const receiving = others.filter(({ key }) => NOT_SENDING.test(key));
  collapsed('NOT_SENDING', t`Not about sending mail, without effect here`, receiving, () => '', findings);
  const unknown = others.filter(({ key }) => !NOT_SENDING.test(key));
  for (const entry of unknown.slice(0, MANY)) reportUnknown(entry, findings);
  if (unknown.length > MANY) {
    findings.warn(
      'UNKNOWN_KEY',
      t`${unknown.length - MANY} more lines are no properties of JavaMail and have no effect.`,
    );
  }
}

/** How comments begin in other languages. */
const COMMENT = /^(?:\/\/|\/?\*|--|;|<!--|rem$)/i;

/** An empty value, or one that is only a reference, gives no password away. */
function holdsNothing(value: string): boolean {
  return value.trim() === '' || isReference(value);
}

function reportUnknown(entry: Entry, findings: Findings): void {
  const { key, value, line } = entry;
  const shown = findings.showKey(key);
  if (COMMENT.test(key)) {
    findings.warn('NO_COMMENT', t`Line ${line} looks like a comment, and comments begin with # here.`, entry);
  } else if (value === '' && !key.includes('.')) {
    // A line without a separator may be anything, a password too: it is not repeated.
    findings.warn(
      'UNKNOWN_KEY',
      t`Line ${line} is no property and has no effect. Write key=value, or remove it.`,
      { key: '', line },
    );
  } else if (/\bmail\.smtps?\.\w/.test(value)) {
    findings.warn(
      'NESTED_PROPERTIES',
      t`${shown} holds other properties in its value, where they have no effect. Write each on its own line, without commas.`,
      entry,
    );
  } else {
    const near = nearestKeys(key);
    findings.warn(
      'UNKNOWN_KEY',
      near.length === 0
        ? t`${shown} is no property of JavaMail and has no effect. Remove it.`
        : t`${shown} is no property of JavaMail and has no effect. Did you mean ${near.reduce((first, next) => t`${first} or ${next}`)}?`,
      entry,
    );
  }
}

/**
 * Reports the keys under the prefix that the protocol does not read: an error when one decides about the connection
 * and the live prefix does not have it, else one warning for all.
 */
export function reportOtherPrefix(
  entries: Entry[],
  protocol: Protocol,
  isThere: (name: string) => boolean,
  findings: Findings,
): void {
  const harmless = entries.filter((entry) => {
    const name = KNOWN_KEYS.get(entry.key)?.row.name ?? '';
    if (!DECISIVE.includes(name) || isThere(name) || /^\s*false\s*$/i.test(entry.value)) return true;
    const other = protocol === 'smtp' ? 'smtps' : 'smtp';
    findings.error(
      'WRONG_PREFIX',
      t`${entry.key} is not read: the protocol is ${protocol}, so only mail.${protocol}.* keys count.
        Write mail.${protocol}.${name}, or mail.transport.protocol=${other} when all keys are mail.${other}.*.`,
      entry,
    );
    return false;
  });
  collapsed('OTHER_PREFIX', t`Not read, because the protocol is ${protocol}`, harmless, () => '', findings);
}

/** Reports the live properties that the table does not support: refused ones as errors, the others in one line each. */
export function reportAnswered(
  properties: (Place & { row: PropertyRow; value: string; written: string; valid: boolean })[],
  findings: Findings,
): void {
  for (const property of properties) {
    const { row, key, value, written, valid } = property;
    if (row.status !== 'refused' || row.conditional || !valid) continue;
    if (row.harmless?.some((harmless) => harmless === value)) continue;
    findings.error(
      'PROPERTY_REFUSED',
      t`${key}=${findings.show(written)} cannot be honoured: ${plain(translate(row.here))} Remove the line.`,
      property,
    );
  }
  const sentence = (place: Place) =>
    ` (${plain(translate(KNOWN_KEYS.get(place.key)?.row.here ?? '')).replace(/[.。]$/, '')})`;
  const having = (status: PropertyRow['status']) => properties.filter(({ row }) => row.status === status);
  collapsed(
    'INFORMATIONAL',
    t`The same here whatever the value`,
    having('informational'),
    sentence,
    findings,
  );
  collapsed('WITHOUT_EFFECT', t`Understood, without effect here`, having('ignored'), sentence, findings);
}

function collapsed(
  code: string,
  what: string,
  places: Place[],
  sentence: (place: Place) => string,
  findings: Findings,
): void {
  if (places.length === 0) return;
  const only = places.length === 1 ? places[0] : null;
  findings.warn(code, `${what}: ${places.map((place) => place.key + sentence(place)).join(', ')}.`, only);
}

/** The table's sentences are Markdown. */
function plain(markdown: string): string {
  return markdown.replace(/`/g, '');
}
