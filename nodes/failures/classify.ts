/**
 * What a failed attempt means: who has to wait, how long at least, and what to tell the user.
 * The knowledge is in failure-rules.ts; here is the order of the decision.
 */
import { t, translate } from '../language/text';
import { MailError, type Failure } from '../types';
import type { Conditions, Meaning, Rule, Situation } from './rule';
import { AMBIGUOUS, RULES, STOPPED, UNKNOWN } from './rules';
import { readSigns, type Signs } from './signs';
import { HOLD } from './waits';

/** What the transport knows of the attempt and the error does not say. */
export interface FailureFacts {
  /** The final dot was handed to the connection: without a reply nobody knows whether the mail was taken. */
  dotHandedOver: boolean;
  /** The connection had been used for another mail before, or was closed before it could be used for one. */
  reused: boolean;
  /** We ended the attempt because the connector stops. */
  aborted: boolean;
  /** We ended the attempt because it took too long to reach the dot, or to get the reply after it. */
  deadline?: 'before-dot' | 'after-dot';
  /** Nobody tries it again: it was a test. */
  once?: true;
  /** No login was made, and no recipient was taken without one. */
  anonymous?: boolean;
  /** Mails are submitted here: by its port (see below), or because it offers a login. */
  submission?: boolean;
  /** The account logs in with an access token. */
  token?: boolean;
}

/** True for the ports of RFC 6409 and RFC 8314, and the one that providers offer where these are blocked. */
export function isSubmissionPort(port: number): boolean {
  return [587, 465, 2525].includes(port);
}

/**
 * Says what the failure of an attempt means for the mail, the account and the next attempt. Secrets must be masked
 * in the texts of the error before.
 *
 * Order: our own errors; no reply after the dot is ambiguous (RFC 5321 section 4.2.5); an attempt that we ended is
 * aborted; several refused recipients count as their most hopeful one; else the first rule that fits.
 */
export function classifyFailure(error: unknown, facts: FailureFacts): Failure {
  const signs = readSigns(error);
  if (!signs.refused) {
    if (facts.dotHandedOver || facts.deadline === 'after-dot') return failureOf(AMBIGUOUS, signs, facts);
    if (facts.aborted) return failureOf(STOPPED, signs, facts);
    if (error instanceof MailError) return ownFailure(error, signs);
    if (facts.deadline === 'before-dot') {
      return decide({ ...signs, code: 'ETIMEDOUT', timeout: 'DEADLINE' }, facts);
    }
  }
  const refusals = refusedRecipients(error);
  if (refusals.length > 0) return mostHopeful(classifyRefusals(refusals, facts));
  // A refusal that ends with the connection instead of a line break comes without its command.
  if (facts.dotHandedOver && signs.command === 'CONN') signs.command = 'DATA';
  return decide(signs, facts);
}

/** Says what the refusal of one recipient means; `error` is an item of nodemailer's `rejectedErrors`. */
export function classifyRecipient(error: unknown): Failure {
  return decide(readSigns(error), {});
}

/** Says what it means that every recipient was refused: it is the missing login only when each of them met it. */
export function classifyRefusals(
  errors: unknown[],
  { anonymous, submission }: Pick<FailureFacts, 'anonymous' | 'submission'>,
): Failure[] {
  const failures = errors.map((error) => decide(readSigns(error), { anonymous, submission }));
  return failures.every(({ scope }) => scope === 'account') ? failures : errors.map(classifyRecipient);
}

/** What the stream of a message says when a part of the mail is gone for good (outbox/contents.ts). */
const DAMAGED = 'OUTBOX_DAMAGED';

/**
 * An error of this package: from the transport it is about the settings of the account; out of the stream of the
 * message (nodemailer changes its code to ESTREAM then) it is about this mail in the outbox, which may be read later
 * unless it is damaged.
 */
function ownFailure(error: MailError, signs: Signs): Failure {
  if (error.code !== 'ESTREAM') return { scope: 'account', permanent: false, minWait: HOLD, error };
  const { message, hint } = error;
  const original = new MailError(signs.original || 'STORAGE', message, hint === undefined ? {} : { hint });
  return { scope: 'message', permanent: original.code === DAMAGED, minWait: 0, error: original };
}

function decide(signs: Signs, facts: Partial<FailureFacts>): Failure {
  return failureOf(ruleFor(signs, facts) ?? UNKNOWN, signs, facts);
}

/** The first rule that the signs of an error meet. */
export function ruleFor(signs: Signs, situation: Situation): Rule | undefined {
  return RULES.find(({ when }) => fits(when, signs, situation));
}

/** True when the signs and the situation meet every condition of a rule. */
function fits(when: Conditions, signs: Signs, situation: Situation): boolean {
  return (
    meets(when.code, signs.code) &&
    meets(when.original, signs.original) &&
    meets(when.timeout, signs.timeout) &&
    (meets(when.reply, signs.replyCode) || meets<number | string>(when.reply, signs.replyClass)) &&
    meets(when.enhanced, signs.enhanced) &&
    meets(when.command, signs.command) &&
    meets(when.text, signs.text) &&
    (!when.noReply || !signs.refused) &&
    (!when.reused || situation.reused === true) &&
    (!when.anonymous || situation.anonymous === true) &&
    (!when.submission || situation.submission === true) &&
    (!when.token || situation.token === true)
  );
}

/** True when there is no condition, or the value is what it says, or one of what it lists. */
function meets<T extends string | number>(
  condition: T | readonly T[] | RegExp | undefined,
  value: T,
): boolean {
  if (condition === undefined || condition === value) return true;
  if (condition instanceof RegExp) return condition.test(String(value));
  return typeof condition === 'object' && condition.includes(value);
}

function failureOf(meaning: Meaning, signs: Signs, { once }: Pick<FailureFacts, 'once'>): Failure {
  const { code, ...verdict } = meaning.then;
  const what = translate(meaning.what);
  const hint = hintOf(meaning, once === true);
  const about = signs.recipient ? `${what} (${signs.recipient})` : what;
  const error = new MailError(code, `${about}: ${signs.text}`, {
    ...(hint === undefined ? {} : { hint }),
    ...(signs.replyCode === 0 ? {} : { responseCode: signs.replyCode }),
    ...(signs.response === '' ? {} : { response: signs.response }),
    ...(signs.command === '' || signs.command === 'API' ? {} : { command: signs.command }),
  });
  return { ...verdict, minWait: Math.max(verdict.minWait, signs.retryAfter), error };
}

function hintOf({ hint, retried }: Meaning, once: boolean): string | undefined {
  const advice = hint === undefined ? undefined : translate(hint);
  if (!retried || once) return advice;
  return advice === undefined ? t`It is tried again.` : t`It is tried again. ${advice}`;
}

/** The refusals of an attempt in which no recipient was accepted. */
function refusedRecipients(error: unknown): unknown[] {
  const list = (error as { rejectedErrors?: unknown } | null | undefined)?.rejectedErrors;
  return Array.isArray(list) ? list : [];
}

/** The account before the mail, later before never: so a mail with one good address left is not given up. */
function mostHopeful(failures: Failure[]): Failure {
  const rank = (failure: Failure) => (failure.scope === 'account' ? 0 : failure.permanent ? 2 : 1);
  return failures.reduce((best, next) => (rank(next) < rank(best) ? next : best));
}
