/** How mails end: the outcome is reported once, and the store forgets the mail. */
import { t } from '../language/text';
import type { EmailResult, ErrorSummary, Msg, OutgoingMail } from '../types';
import type { Entry, Store } from '../store/store';

/** A finished mail, whose node is to hear of it. */
export interface Outcome {
  result: EmailResult;
  mail: OutgoingMail;
  /** Awaited before anyone is told, for what must be durable by then; not called when the answer is "later". */
  commit: () => Promise<void>;
  /** After the answer "later": called once, when the outcome should be reported again. */
  again: () => void;
}

/** told: the node has the outcome; later: it is away and will be back; gone: there is no such node. */
export type Answer = 'told' | 'later' | 'gone';

/** Who waits for outcomes. */
export interface OutcomeReceiver {
  report(outcome: Outcome): Promise<Answer>;
  /** The source msgs of a mail that this process took; undefined when another one did. */
  messagesOf(mailId: string): Msg[] | undefined;
}

export interface CompletionOptions {
  store: Store;
  receiver: OutcomeReceiver;
  /** Called when a mail failed for good; `told` is false when its node is gone. */
  failed: (mail: OutgoingMail, error: ErrorSummary, told: boolean) => void;
  onError: (error: unknown) => void;
  /** The time of day, ms. */
  now: () => number;
}

export interface Completion {
  /** Ends a mail as its progress says, sent or failed. Never rejects. */
  complete(entry: Entry): Promise<void>;
  /** Has the store forget the mails whose reports are deferred: it closes before. Never rejects. */
  close(): Promise<void>;
  /** Mails that ended so far. */
  counts(): { sent: number; failed: number };
}

export function createCompletion({ store, receiver, failed, onError, now }: CompletionOptions): Completion {
  const completed = { sent: 0, failed: 0 };
  /** Finished mails that the store still has. */
  const unreported = new Map<Entry, EmailResult>();

  async function forget(entry: Entry): Promise<void> {
    const result = unreported.get(entry);
    if (!result) return;
    unreported.delete(entry);
    await store.finish(entry, result).catch(onError);
  }

  async function report(entry: Entry, result: EmailResult): Promise<void> {
    const { mail } = entry;
    const answer = await receiver
      .report({
        result,
        mail,
        // A mail that was sent is forgotten before it is reported: a crash in between must not send it again. One that failed
        // is reported first: a crash in between reports it twice rather than never.
        commit: () => (result.status === 'sent' ? forget(entry) : Promise.resolve()),
        again: () => void report(entry, result),
      })
      .catch((error: unknown): Answer => {
        // Of the flow that hears of it; the mail has ended nevertheless.
        onError(error);
        return 'told';
      });
    if (answer === 'later') {
      // Stored as it ended: when the process ends before the node is back, the next one reports it.
      if (unreported.has(entry)) await store.save(entry).catch(onError);
      return;
    }
    if (result.error) failed(mail, result.error, answer === 'told');
    await forget(entry);
  }

  return {
    async complete(entry) {
      const messages = receiver.messagesOf(entry.mail.id) ?? (await store.loadMessages(entry));
      const result = { ...resultOf(entry, now()), messages };
      completed[result.status === 'sent' ? 'sent' : 'failed'] += 1;
      unreported.set(entry, result);
      await report(entry, result);
    },
    async close() {
      for (const entry of [...unreported.keys()]) await forget(entry);
    },
    counts: () => ({ ...completed }),
  };
}

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
