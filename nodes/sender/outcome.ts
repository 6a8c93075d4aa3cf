/** The msgs that tell how mails ended. */
import { explanation } from '../language/explanation';
import { t } from '../language/text';
import { newMailId } from '../mail/compose';
import { summarize } from '../outbox/mail-state';
import { MailError, type EmailResult, type Msg } from '../types';
import { safeCopy } from './safe-copy';
import type { Source } from './sender';

/** The msg of an outcome: the last source msg and the result. The source msg itself stays as it came. */
export function messageOf(result: EmailResult): Msg {
  return { ...safeCopy(result.messages[result.messages.length - 1] ?? {}), email: result };
}

/** The result for msgs of which no mail was queued: refused for an error, or ignored because the connector is stopped. */
export function withoutMail(status: 'failed' | 'ignored', sources: Source[], error?: MailError): EmailResult {
  const now = Date.now();
  return {
    status,
    id: newMailId(now),
    messageId: null,
    subject: null,
    envelope: null,
    accepted: [],
    rejected: [],
    response: null,
    attempts: 0,
    queuedAt: now,
    finishedAt: now,
    count: sources.length,
    messages: sources.map(({ msg }) => msg),
    attachments: [],
    skippedAttachments: [],
    duplicatePossible: false,
    recovered: false,
    ...(error ? { error: summarize(error) } : {}),
  };
}

/** The error with what to do about it in its message. */
export function explained(error: MailError): MailError {
  return new MailError(error.code, explanation(error), error);
}

/** The error of a mail that failed, for `done`. */
export function failureOf({ error }: EmailResult): MailError {
  return explained(new MailError(error?.code ?? 'FAILED', error?.message ?? t`The mail failed`, error));
}
