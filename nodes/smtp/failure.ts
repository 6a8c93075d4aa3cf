/**
 * What a failed attempt means: who has to wait, how long at least, and what to tell the user.
 * The knowledge is in failure-rules.ts; here is the order of the decision.
 */
import { t, translate } from '../language/text';
import { MailError, type Failure } from '../types';
import type { Conditions, Verdict } from './failure-rule';
import { AMBIGUOUS, RULES, STOPPED, UNKNOWN } from './failure-rules';
import { readSigns, type Signs } from './failure-signs';
import { HOLD } from './failure-waits';

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
  if (refusals.length > 0) return mostHopeful(refusals.map(classifyRecipient));
  // A refusal that ends with the connection instead of a line break comes without its command.
  if (facts.dotHandedOver && signs.command === 'CONN') signs.command = 'DATA';
  return decide(signs, facts);
}

/** Says what the refusal of one recipient means; `error` is an item of nodemailer's `rejectedErrors`. */
export function classifyRecipient(error: unknown): Failure {
  return decide(readSigns(error), { reused: false });
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

function decide(signs: Signs, facts: Pick<FailureFacts, 'reused' | 'once'>): Failure {
  return failureOf(RULES.find(({ when }) => fits(when, signs, facts.reused))?.then ?? UNKNOWN, signs, facts);
}

/** True when the signs meet every condition of a rule. */
function fits(when: Conditions, signs: Signs, reused: boolean): boolean {
  const oneOf = <T>(allowed: readonly T[] | undefined, value: T) => !allowed || allowed.includes(value);
  return (
    oneOf(when.code, signs.code) &&
    oneOf(when.original, signs.original) &&
    oneOf(when.timeout, signs.timeout) &&
    oneOf(when.reply, signs.replyCode) &&
    oneOf(when.enhanced, signs.enhanced) &&
    oneOf(when.command, signs.command) &&
    (when.replyClass === undefined || when.replyClass === Math.floor(signs.replyCode / 100)) &&
    (when.originalLike === undefined || when.originalLike.test(signs.original)) &&
    (when.text === undefined || when.text.test(signs.text)) &&
    (!when.noReply || !signs.refused) &&
    (!when.reused || reused)
  );
}

function failureOf(verdict: Verdict, signs: Signs, { once }: Pick<FailureFacts, 'once'>): Failure {
  const { scope, permanent = false, minWait = 0, code } = verdict;
  const what = translate(verdict.what);
  const hint = hintOf(verdict, once === true);
  const about = signs.recipient ? `${what} (${signs.recipient})` : what;
  const error = new MailError(code, `${about}: ${signs.text}`, {
    ...(hint === undefined ? {} : { hint }),
    ...(signs.replyCode === 0 ? {} : { responseCode: signs.replyCode }),
    ...(signs.response === '' ? {} : { response: signs.response }),
    ...(signs.command === '' || signs.command === 'API' ? {} : { command: signs.command }),
  });
  return { scope, permanent, minWait, error };
}

function hintOf({ hint, retried }: Verdict, once: boolean): string | undefined {
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
