/**
 * The sessions of a connector: never more than it may have, as the server counts them, and each used again as long as it
 * lives. nodemailer's own pool replaces a connection every hundred mails and opens the next one before the server has seen
 * the end of the last, and it does not tell which session carried a mail.
 */
import { createSession, type Session, type SessionOptions } from './session';

/** A session at rest says goodbye after this time, ms: before the 5 minutes that RFC 5321 section 4.5.3.2 asks of servers. */
const IDLE_MS = 240_000;

export interface Sessions {
  /**
   * A session that nobody else uses: one at rest, else a new one that is not open yet; waits while there are too many.
   * `most` is how many there may be from now on.
   */
  take(most?: number): Promise<Session>;
  /** Opens a session; rejects as it does. */
  open(session: Session): Promise<void>;
  /** How many sessions work. */
  readonly working: number;
  /** The same, but when none does and some are opening, after it is known what becomes of them. */
  whenKnown(): Promise<number>;
  /** Gives back a session for others to use. */
  release(session: Session): void;
  /** Ends the sessions at rest: a server that dropped one of them has probably dropped them all. */
  dropIdle(): void;
  /** Ends all sessions; those that carry a mail at once, the others politely. */
  close(): void;
}

/** Never more than `limit` sessions at once. */
export function createSessions(options: SessionOptions, limit: number): Sessions {
  let most = limit;
  const all = new Set<Session>();
  /** Sessions at rest, the one used last at the end, each with the timer of its rest. */
  const idle = new Map<Session, NodeJS.Timeout>();
  /** Sessions that are opening; each promise resolves when its session works, has failed or was closed. */
  const opening = new Map<Session, { known: Promise<void>; makeKnown: () => void }>();
  const waiting: ((session: Session) => void)[] = [];

  function create(): Session {
    const session = createSession(options, () => {
      all.delete(session);
      clearTimeout(idle.get(session));
      idle.delete(session);
      // The opening of a session that is closed meanwhile may never settle.
      opened(session);
      if (all.size < most) waiting.shift()?.(create());
    });
    all.add(session);
    return session;
  }

  function opened(session: Session): void {
    opening.get(session)?.makeKnown();
    opening.delete(session);
  }

  function wake(session: Session): Session {
    clearTimeout(idle.get(session));
    idle.delete(session);
    return session;
  }

  function rest(session: Session): void {
    const timer = setTimeout(() => wake(session).quit(), IDLE_MS).unref();
    idle.set(session, timer);
  }

  const countWorking = () => [...all].filter(({ works }) => works).length;

  return {
    take(allowed = limit) {
      most = Math.min(allowed, limit);
      const last = [...idle.keys()].at(-1);
      if (last) return Promise.resolve(wake(last));
      if (all.size < most) return Promise.resolve(create());
      return new Promise((resolve) => waiting.push(resolve));
    },
    open(session) {
      let makeKnown = () => {};
      opening.set(session, { known: new Promise((resolve) => (makeKnown = resolve)), makeKnown });
      return session.open().finally(() => opened(session));
    },
    get working() {
      return countWorking();
    },
    async whenKnown() {
      while (countWorking() === 0 && opening.size > 0) {
        await Promise.race([...opening.values()].map(({ known }) => known));
      }
      return countWorking();
    },
    release(session) {
      if (session.ended) return;
      const next = waiting.shift();
      if (next) next(session);
      else rest(session);
    },
    dropIdle() {
      for (const session of [...idle.keys()]) wake(session).quit();
    },
    close() {
      for (const session of [...all]) {
        if (idle.has(session)) wake(session).quit();
        else session.close();
      }
    },
  };
}
