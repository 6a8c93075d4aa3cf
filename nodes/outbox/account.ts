/** What the outbox knows of its account: whether it is on hold, and which mails only look as if it had to be. */
import type { Attempt, Failure } from '../types';
import { holdAfter, type Hold } from './hold';
import { isAboutAccount } from './mail-state';
import type { Entry } from '../store/store';

export interface Account {
  /** Null while the account works, as far as anyone knows. */
  hold(): Hold | null;
  /** What an attempt means once it is known how this mail and the others fared before. */
  judge(entry: Entry, attempt: Attempt): Attempt;
  /** An attempt that began at `started` failed at `now` because of the account. */
  failed(failure: Failure, started: number, now: number): void;
  /** An attempt that began at `started` got as far as the server's judgement of the mail. */
  worked(started: number): void;
  /** Nothing is known any more: the settings may be new. */
  forget(): void;
}

export function createAccount(random: () => number): Account {
  let hold: Hold | null = null;
  /** Attempts that showed that the account works, and what that count was when a mail failed because of the account. */
  let landings = 0;
  const suspects = new WeakMap<Entry, number>();

  return {
    hold: () => hold,
    /**
     * When a mail fails as if the account were out of order, and failed so before, and the account worked in between, then
     * the cause is this mail (its size, its sender): it waits by itself, and the others go on.
     */
    judge(entry, attempt) {
      if (!isAboutAccount(attempt)) return attempt;
      const before = suspects.get(entry);
      suspects.set(entry, landings);
      if (before === undefined || before === landings) return attempt;
      return aboutMail(attempt);
    },
    failed(failure, started, now) {
      hold = holdAfter(hold, failure, started, now, random);
    },
    worked(started) {
      if (hold && started >= hold.renewed) hold = null;
      landings += 1;
    },
    forget() {
      hold = null;
    },
  };
}

function aboutMail({ failure, refused, ...attempt }: Attempt): Attempt {
  const ofMail = (one: Failure): Failure => (one.scope === 'account' ? { ...one, scope: 'message' } : one);
  return {
    ...attempt,
    ...(failure && { failure: ofMail(failure) }),
    refused: refused.map((one) => ({ ...one, failure: ofMail(one.failure) })),
  };
}
