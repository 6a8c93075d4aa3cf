/** How mails end: the outcome is told once, and the store forgets the mail. */
import type { EmailResult, Msg, OutgoingMail } from '../types';
import { resultOf } from './result';
import type { Entry, Store } from './store';

export interface EndingOptions {
  store: Store;
  report: (result: EmailResult, mail: OutgoingMail) => void;
  trouble: (error: unknown) => void;
  /** The source msgs of a mail that this process took. */
  liveMessages: (mailId: string) => Msg[] | undefined;
  /** The time of day, ms. */
  now: () => number;
}

export interface Ending {
  /** Ends a mail as its progress says, sent or failed. Never rejects. */
  finish(entry: Entry): Promise<void>;
  /** Mails that ended so far. */
  counts(): { sent: number; failed: number };
}

export function createEnding({ store, report, trouble, liveMessages, now }: EndingOptions): Ending {
  const ended = { sent: 0, failed: 0 };

  function tell(result: EmailResult, mail: OutgoingMail): void {
    try {
      report(result, mail);
    } catch (error) {
      // Of the flow that hears of it; the mail ends all the same.
      trouble(error);
    }
  }

  return {
    async finish(entry) {
      const messages = liveMessages(entry.mail.id) ?? (await store.loadMessages(entry));
      const result = { ...resultOf(entry, now()), messages };
      if (result.status === 'sent') {
        ended.sent += 1;
        // Forgotten before it is told: a crash in between must not send it again.
        await store.finish(entry, result).catch(trouble);
        tell(result, entry.mail);
      } else {
        ended.failed += 1;
        // Told before it is put away: a crash in between tells it again rather than never.
        tell(result, entry.mail);
        await store.finish(entry, result).catch(trouble);
      }
    },
    counts: () => ({ ...ended }),
  };
}
