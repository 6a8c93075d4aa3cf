/**
 * Who is told how mails end: the send-email node that took their msgs, whatever connector it uses by now. A deploy takes a
 * node away for a moment and makes it anew; what ends meanwhile waits for it.
 */
import type { Answer, Outcome, OutcomeReceiver } from '../outbox/completion';
import type { EmailResult, Msg } from '../types';

/** A send-email node, as the outcomes of its mails see it. */
export interface OutcomeListener {
  nodeId: string;
  /** Sends an outcome into the flow; never throws. `msgsWait` is false when nobody waits for the end of its msgs any more. */
  onOutcome(result: EmailResult, msgsWait: boolean): void;
  /** Tells Catch nodes that the mail of a msg failed; never throws. */
  onFailedMsg(error: Error, msg: Msg): void;
}

/** The msgs of a mail, and how to end them when it is finished. */
export interface ExpectedOutcome {
  messages: Msg[];
  /** `listener` is the one that has the outcome: a deploy may have made its node anew since the msgs came. */
  finish(result: EmailResult, listener: OutcomeListener | undefined): void;
}

export interface Listeners extends OutcomeReceiver {
  /** A node is there; what waited for it is reported when `flows` are there to take it. */
  attach(listener: OutcomeListener, flows: Promise<void>): void;
  /** A node goes: for good when it was `removed`, else until the deploy or the next start makes it anew. */
  detach(listener: OutcomeListener, removed: boolean): void;
  /** Remembers the msgs of a mail until it is finished; gives a function that forgets them, for a mail that was not queued. */
  expect(mailId: string, msgs: ExpectedOutcome): () => void;
}

/** Nobody listens yet. */
export function createListeners(): Listeners {
  const attached = new Map<string, OutcomeListener>();
  /** Nodes that will be back, and what is to be reported again then. */
  const away = new Map<string, (() => void)[]>();
  const expected = new Map<string, ExpectedOutcome>();

  function reportAgain(nodeId: string): void {
    const waiting = away.get(nodeId) ?? [];
    away.delete(nodeId);
    for (const again of waiting) again();
  }

  function tell({ result, mail }: Outcome): Answer {
    const listener = attached.get(mail.nodeId);
    const msgs = expected.get(mail.id);
    expected.delete(mail.id);
    listener?.onOutcome(result, msgs !== undefined);
    msgs?.finish(result, listener);
    return listener ? 'told' : 'gone';
  }

  return {
    attach(listener, flows) {
      const { nodeId } = listener;
      attached.set(nodeId, listener);
      void flows.then(() => {
        if (attached.get(nodeId) === listener) reportAgain(nodeId);
      });
    },
    detach(listener, removed) {
      const { nodeId } = listener;
      if (attached.get(nodeId) === listener) attached.delete(nodeId);
      if (removed) reportAgain(nodeId);
      else if (!away.has(nodeId)) away.set(nodeId, []);
    },
    expect(mailId, msgs) {
      expected.set(mailId, msgs);
      return () => void expected.delete(mailId);
    },
    messagesOf: (mailId) => expected.get(mailId)?.messages,
    async report(outcome) {
      const { nodeId } = outcome.mail;
      if (!away.has(nodeId)) await outcome.commit();
      // A deploy may have begun in the meantime.
      const waiting = away.get(nodeId);
      if (!waiting) return tell(outcome);
      waiting.push(outcome.again);
      return 'later';
    },
  };
}
