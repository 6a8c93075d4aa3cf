/**
 * What is wrong with a configuration, collected while it is read: errors stop the connector, warnings do not.
 * A finding shows values, so that the user sees what was understood, and never a secret.
 */
import { createMask } from './mask';

export interface Finding {
  /** Line of the properties text, from 1; null when the finding is not about one line. */
  line: number | null;
  key: string | null;
  code: string;
  message: string;
}

/** Where a property stands in the text. */
export interface Place {
  key: string;
  line: number;
}

export interface Findings {
  readonly errors: Finding[];
  readonly warnings: Finding[];
  error(code: string, message: string, place?: Place | null): void;
  warn(code: string, message: string, place?: Place | null): void;
  /** A value as it may appear in a message: quoted, shortened, visible, without secrets. */
  show(value: string): string;
  /** A key as it may appear in a message: as it is when it looks like a mail property, else as a value. */
  showKey(key: string): string;
  /** Replaces the password, in every form of it, in a text that is shown as it is. */
  mask(text: string): string;
}

/** Most characters of a value in a message: enough to recognise it. */
const SHOWN = 80;

/** A key as a mail property looks; anything else may be half a line of pasted code, or a password. */
const PLAIN_KEY = /^(?:spring\.)?mail(?:\.[\w-]{1,40}){1,8}$/i;

/** `password = x`, `"mail.smtp.pass", "x"`, `smtp://user:x@host`: a secret inside a value that was pasted wrongly. */
const SECRET_AFTER_NAME =
  /((?:pass(?:word|wd|phrase)?|pwd|secret|token)["']?\s{0,8}[=:,]\s{0,8}["']?)[^\s"',;]+/gi;
const SECRET_IN_URL = /(\/\/[^\s:/@]{0,256}:)\S{1,512}@/g;

/** Makes an empty collection whose messages never show the password in any of its forms. */
export function createFindings(username: string, password: string): Findings {
  const mask = createMask(username, password);
  const errors: Finding[] = [];
  const warnings: Finding[] = [];
  const show = (text: string) =>
    visible(mask(text).replace(SECRET_AFTER_NAME, '$1***').replace(SECRET_IN_URL, '$1***@'));
  const showKey = (key: string) => (PLAIN_KEY.test(key) ? key : show(key));
  const finding = (code: string, message: string, place: Place | null): Finding => ({
    line: place?.line ?? null,
    key: place === null ? null : showKey(place.key),
    code,
    message,
  });
  return {
    errors,
    warnings,
    error: (code, message, place = null) => errors.push(finding(code, message, place)),
    warn: (code, message, place = null) => warnings.push(finding(code, message, place)),
    show,
    showKey,
    mask,
  };
}

/** Quotes a text and writes out what the eye does not see: control characters, odd spaces, halves of characters. */
function visible(text: string): string {
  const short = text.length > SHOWN ? `${text.slice(0, SHOWN)}…` : text;
  const escaped = short.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\u00a0]/gu,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return `"${escaped}"`;
}
