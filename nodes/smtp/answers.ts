/** What a delivery came to: from the server's answers, or from the error that ended it, to an attempt. */
import type { SMTPConnectionSendInfo } from 'nodemailer/lib/smtp-connection';
import type { Attempt, Failure, RecipientFailure } from '../types';
import {
  classifyFailure,
  classifyRecipient,
  classifyRefusals,
  type FailureFacts,
} from '../failures/classify';
import { untellable, UntellableError } from './internationalized';
import { isTooManyRecipients, saidLimit, type Parts, type RecipientLimit } from './recipient-limit';
import type { Mask } from '../properties/mask';

export interface Answers {
  /** The server took the mail for some recipients at least. */
  taken(info: SMTPConnectionSendInfo, parts: Parts): Attempt;
  /** It took the mail for none. */
  failed(error: unknown, parts: Parts, facts: FailureFacts): Attempt;
}

interface RecipientError extends Error {
  recipient?: string;
}

/** Secrets are masked in all that is told; `limit` learns from each refusal of recipients that are too many. */
export function createAnswers(mask: Mask, limit: RecipientLimit): Answers {
  const masked = (text: string | undefined) => (text === undefined ? null : mask(text));

  /** Masks the texts of an error in place: it is nodemailer's and ends here. */
  function maskError(error: unknown): unknown {
    if (error instanceof Error) {
      const fields = error as Error & { response?: string; challenge?: string };
      fields.message = masked(fields.message) ?? '';
      if (fields.response !== undefined) fields.response = masked(fields.response) ?? '';
      if (fields.challenge !== undefined) fields.challenge = masked(fields.challenge) ?? '';
    }
    return error;
  }

  function refusals(
    errors: RecipientError[],
    classify: (errors: unknown[]) => Failure[],
  ): RecipientFailure[] {
    const failures = classify(errors.map(maskError));
    return failures.map((failure, i) => ({ address: errors[i]?.recipient ?? '', failure }));
  }

  /** The server answered for each recipient: those that are too many are left for the next transaction. */
  function perRecipient(
    accepted: string[],
    errors: RecipientError[],
    { asked, rest, foreign = [] }: Parts,
    response: string | undefined,
    classify = (all: unknown[]) => all.map(classifyRecipient),
  ): Attempt {
    // One that is too many by itself is refused.
    const tooMany = asked.length > 1 ? errors.filter(isTooManyRecipients) : [];
    if (tooMany.length > 0) limit.exceeded(asked.length, accepted.length);
    const refused = refusals(
      errors.filter((error) => !tooMany.includes(error)),
      classify,
    );
    refused.push(...foreign.map((address) => ({ address, failure: untellable(address) })));
    const left = [...tooMany.map(({ recipient }) => recipient ?? ''), ...rest];
    return { accepted, refused, response: masked(response), ...leaving(left) };
  }

  return {
    taken({ accepted, rejectedErrors = [], response, ehlo = [] }, parts) {
      limit.readEhlo(ehlo);
      return perRecipient(accepted, rejectedErrors, parts, response);
    },
    failed(error, parts, facts) {
      const { asked, rest, foreign = [] } = parts;
      const { response, rejectedErrors } = maskError(error) as {
        response?: string;
        rejectedErrors?: RecipientError[];
      };
      // Every recipient was refused, each for a reason of its own: some may be for good and some for now.
      if (rejectedErrors?.length === asked.length) {
        return perRecipient([], rejectedErrors, parts, response, (errors) => classifyRefusals(errors, facts));
      }
      if (error instanceof UntellableError) {
        return error.attempt.failure ? error.attempt : { ...error.attempt, ...leaving(rest) };
      }
      const nobody = { accepted: [], refused: [], response: response ?? null };
      if (asked.length > 1 && isTooManyRecipients(error)) {
        limit.exceeded(asked.length, 0, saidLimit(error));
        return { ...nobody, left: [...asked, ...foreign, ...rest] };
      }
      const failure = classifyFailure(error, facts);
      return { ...nobody, failure, ...leaving(failure.scope === 'message' ? rest : []) };
    },
  };
}

const leaving = (left: string[]): Pick<Attempt, 'left'> => (left.length > 0 ? { left } : {});

/** The attempt is to be repeated over one of the connections that work. */
export function crowded(attempt: Attempt, failure: Failure, working: number): Attempt {
  return { ...attempt, failure: { ...failure, scope: 'crowded', permanent: false, minWait: 0 }, working };
}
