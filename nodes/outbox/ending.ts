/** How mails end: the outcome is told once, and the store forgets the mail. */
import type { EmailResult, Msg, OutgoingMail } from '../types';
import { resultOf } from './result';
import type { Entry, Store } from '../store/store';

export interface EndingOptions {
  store: Store;
  report: (result: EmailResult, mail: OutgoingMail) => void;
  trouble: (error: unknown) => void;
  /** The source msgs of a mail that this process took. */
  liveMessages: (mailId: string) => Msg[] | undefined;
  /** Puts off what is to be told to a node that is away until it is back; null when it need not be put off. */
  untilBack: (nodeId: string) => ((tell: () => void) => void) | null;
  /** The time of day, ms. */
  now: () => number;
}

export interface Ending {
  /** Ends a mail as its progress says, sent or failed. Never rejects. */
  finish(entry: Entry): Promise<void>;
  /** Has the store forget the mails whose outcomes are put off: it closes before they are told. Never rejects. */
  close(): Promise<void>;
  /** Mails that ended so far. */
  counts(): { sent: number; failed: number };
}

export function createEnding({
  store,
  report,
  trouble,
  liveMessages,
  untilBack,
  now,
}: EndingOptions): Ending {
  const ended = { sent: 0, failed: 0 };
  /** Outcomes that are put off, as long as the store has their mails. */
  const putOff = new Map<Entry, EmailResult>();

  function tell(result: EmailResult, mail: OutgoingMail): void {
    try {
      report(result, mail);
    } catch (error) {
      // Of the flow that hears of it; the mail ends all the same.
      trouble(error);
    }
  }

  async function conclude(entry: Entry, result: EmailResult): Promise<void> {
    if (result.status === 'sent') {
      // Forgotten before it is told: a crash in between must not send it again.
      await store.finish(entry, result).catch(trouble);
      tell(result, entry.mail);
    } else {
      // Told before it is put away: a crash in between tells it again rather than never.
      tell(result, entry.mail);
      await store.finish(entry, result).catch(trouble);
    }
  }

  return {
    async finish(entry) {
      const messages = liveMessages(entry.mail.id) ?? (await store.loadMessages(entry));
      const result = { ...resultOf(entry, now()), messages };
      ended[result.status === 'sent' ? 'sent' : 'failed'] += 1;
      const later = untilBack(entry.mail.nodeId);
      if (!later) return conclude(entry, result);
      // Kept as it ended: when the process ends before the node is back, the next one tells it.
      putOff.set(entry, result);
      later(() => void (putOff.delete(entry) ? conclude(entry, result) : tell(result, entry.mail)));
      await store.save(entry).catch(trouble);
    },
    async close() {
      for (const [entry, result] of putOff) {
        putOff.delete(entry);
        await store.finish(entry, result).catch(trouble);
      }
    },
    counts: () => ({ ...ended }),
  };
}
