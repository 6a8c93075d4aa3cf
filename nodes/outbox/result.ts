import { t } from '../language/text';
import type { EmailResult, ErrorSummary } from '../types';
import type { Entry } from '../store/store';

/** What `msg.email` tells of a mail that is finished. */
export function resultOf(entry: Entry, finishedAt: number): EmailResult {
  const { mail, progress } = entry;
  const status = progress.accepted.length > 0 ? 'sent' : 'failed';
  return {
    status,
    id: mail.id,
    messageId: mail.messageId,
    subject: mail.subject,
    envelope: mail.envelope,
    accepted: progress.accepted,
    rejected: progress.rejected,
    response: progress.response,
    attempts: progress.attempts,
    queuedAt: mail.queuedAt,
    finishedAt,
    count: mail.count,
    messages: mail.messages,
    attachments: mail.attachments,
    skippedAttachments: mail.skippedAttachments,
    duplicatePossible: progress.duplicatePossible,
    recovered: entry.recovered || mail.recovered === true,
    ...(status === 'failed' && progress.lastError ? { error: progress.lastError } : {}),
  };
}

/**
 * The second result of a mail that some recipients got and others did not: the failure of the latter.
 * Null when every recipient got it, or none.
 */
export function refusedPart(result: EmailResult): EmailResult | null {
  if (result.status !== 'sent' || result.rejected.length === 0) return null;
  const [first] = result.rejected;
  const addresses = result.rejected.map((rejection) => rejection.address).join(', ');
  const error: ErrorSummary = {
    code: 'RECIPIENT',
    message: t`${result.rejected.length} of ${result.envelope?.to.length ?? 0} recipients did not get the mail: ${addresses} (${first?.response ?? ''})`,
    ...(first?.code ? { responseCode: first.code } : {}),
    command: 'RCPT TO',
    hint: t`The other recipients have the mail. Check these addresses.`,
  };
  return { ...result, status: 'failed', error };
}
