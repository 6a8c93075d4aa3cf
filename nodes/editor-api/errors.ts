/** What a request that fails is answered with. */
import { explanation } from '../language/explanation';
import { t } from '../language/text';
import { MailError } from '../types';
import { shownValue } from '../mail/template/text-view';

export interface ErrorAnswer {
  status: number;
  body: { error: { code: string; message: string } };
}

/** Statuses of our own codes; any other error is a mistake of this package, and its words stay in the log. */
const STATUS: Readonly<Record<string, number>> = {
  BAD_REQUEST: 400,
  NOT_FOUND: 404,
  OAUTH2: 502,
  PASSWORD_NEEDED: 409,
  TOO_LARGE: 413,
  NOT_JSON: 415,
  BUSY: 429,
  ABORTED: 499,
};

/** The error for a field of the body that can not be used; `expected` ends the sentence "... it must be". */
export function badRequest(field: string, value: unknown, expected: string): MailError {
  const message =
    value === undefined
      ? t`${field} is missing: it must be ${expected}`
      : t`${field} is ${shownValue(value)}: it must be ${expected}`;
  return new MailError('BAD_REQUEST', message);
}

/** The error for an id that no running node of this kind has. */
export function notFound(type: string, id: string): MailError {
  return new MailError('NOT_FOUND', t`There is no ${type} with the id ${shownValue(id)}`, {
    hint: t`Deploy it first, or enable it.`,
  });
}

/** Turns what a route threw into its answer. What to do about it is part of the message. */
export function errorAnswer(error: unknown): ErrorAnswer {
  const status = error instanceof MailError ? STATUS[error.code] : undefined;
  if (status === undefined) {
    const message = t`The request failed for a reason that nobody expected. The log of Node-RED says more.`;
    return { status: 500, body: { error: { code: 'INTERNAL', message } } };
  }
  const { code } = error as MailError;
  return { status, body: { error: { code, message: explanation(error as MailError) } } };
}
