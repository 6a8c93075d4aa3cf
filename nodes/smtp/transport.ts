/**
 * Sends one mail at a time over each of a few SMTP connections, and knows of each attempt whether the final dot was handed
 * over: only that tells a mail that may have arrived from one that can not have.
 */
import { Readable } from 'node:stream';
import type { SMTPConnectionSendInfo } from 'nodemailer/lib/smtp-connection';
import { t } from '../language/text';
import { MailError, type Attempt, type OutgoingMail } from '../types';
import { createAnswers, crowded } from './answers';
import { isSubmissionPort } from '../failures/classify';
import { isAscii, withAsciiHeader, withoutUtf8 } from './internationalized';
import { mailOptions, nodemailerOptions } from './options';
import { isOneTooMany } from '../failures/one-too-many';
import { createRecipientLimit } from './recipient-limit';
import { createMask, joinMasks, type Mask } from '../properties/mask';
import type { Session } from './session';
import { createSessions } from './pool';
import type { SmtpSettings } from '../properties/settings';
import type { LoginTokens } from './token-login';
import { createTranscript } from './transcript';

/** From the start of an attempt until the server asks for the message, ms. Postfix gives a connection 30 s and DATA 120 s. */
const TO_DATA_MS = 120_000;

/** The slowest line that still counts as moving, bytes per second: a mail of 10 MB gets 10 minutes. */
const SLOWEST_LINE = 16 * 1024;

/** From the final dot until its reply, ms. RFC 5321 section 4.5.3.2.6: a shorter wait causes duplicates. */
const AFTER_DOT_MS = 600_000;

export interface DeliveryControl {
  /** Ends the attempt. */
  signal: AbortSignal;
  /** Awaited when the body is sent, before the final dot; the dot is not sent when it rejects. */
  aboutToSendDot: () => Promise<void>;
  /** Most connections that may be open from now on; all that the transport may have without. */
  connections?: number;
  /** Called when the attempt has a connection that works, with how many do. */
  connected?: (working: number) => void;
}

export interface Transport {
  /** Tries to hand a mail to the server for these recipients. Never rejects. */
  deliver(mail: OutgoingMail, recipients: string[], control: DeliveryControl): Promise<Attempt>;
  /** Closes every connection. */
  close(): void;
}

export interface TransportOptions {
  settings: SmtpSettings;
  /** Most connections at once. */
  connections: number;
  /** Of an account that logs in with a token instead of a password. */
  tokens?: LoginTokens | null;
  /** Hides the login of the connector; the login at a proxy is hidden besides. */
  mask: Mask;
  /** Gets the lines of the `mail.debug` transcript. */
  debug: (line: string) => void;
  /** Gets what is worth knowing and no failure; the same text again and again. */
  warn?: (text: string) => void;
}

/** What is known of an attempt besides its error. */
interface Course {
  /** The session had carried a mail before. */
  reused: boolean;
  /** The first byte of the body was asked for. */
  bodyBegun: boolean;
  /** The connection was not yet of use for mails. */
  opening: boolean;
  dotHandedOver: boolean;
  /** The transaction is one of SMTPUTF8. */
  utf8: boolean;
  deadline?: 'before-dot' | 'after-dot';
}

export function createTransport({
  settings,
  connections,
  tokens = null,
  debug,
  warn,
  ...options
}: TransportOptions): Transport {
  const login = settings.proxy?.auth ?? null;
  const mask = login === null ? options.mask : joinMasks(options.mask, createMask(login.user, login.pass));
  const sessions = createSessions(
    {
      ...nodemailerOptions(settings, tokens),
      onNoLogin: () =>
        warn?.(
          t`${settings.host}:${settings.port} offers no login: mails go out without one. Some servers offer it only after STARTTLS, or on another port.`,
        ),
      ...(settings.debug ? { logger: createTranscript(debug, mask), transactionLog: true } : {}),
    },
    connections,
  );
  const { dsn } = mailOptions(settings);
  const recipientLimit = createRecipientLimit();
  const answers = createAnswers(mask, recipientLimit);
  /** The server takes mails without a login, for some recipients at least. */
  let openToAll = false;

  /** A refused mail leaves a good session behind; after anything else nobody knows what the server waits for. */
  async function makeFit(session: Session, error: unknown): Promise<void> {
    const { code, responseCode } = error as { code?: string; responseCode?: number };
    // One connection fewer is what the server asks for.
    if (isOneTooMany(error, false)) return session.quit();
    try {
      if ((code !== 'EENVELOPE' && code !== 'EMESSAGE') || responseCode === 421) throw error;
      await session.reset();
      sessions.release(session);
    } catch {
      session.close();
    }
  }

  return {
    async deliver(mail, recipients, { signal, aboutToSendDot, connections: most, connected }) {
      const course: Course = {
        reused: false,
        bodyBegun: false,
        opening: false,
        dotHandedOver: false,
        utf8: false,
      };
      let parts = recipientLimit.split(recipients);
      let session: Session | undefined;
      let bytes: Readable | undefined;
      /** Settled when the session is ready for the next mail, or has ended. */
      let fit: Promise<void> | undefined;
      let timer: NodeJS.Timeout | undefined;
      let giveUp: (reason: Error) => void = () => undefined;
      const ended = new Promise<never>((_, reject) => (giveUp = reject));
      ended.catch(() => undefined);
      const stop = () => {
        giveUp(Object.assign(new Error(t`The attempt was ended`), { code: 'EABORT' }));
        session?.close();
      };
      const endBy = (ms: number, phase: Course['deadline']) => {
        clearTimeout(timer);
        timer = setTimeout(() => {
          course.deadline = phase;
          stop();
        }, ms);
      };

      async function* body(): AsyncGenerator<Buffer> {
        course.bodyBegun = true;
        if (session?.login !== 'made') openToAll = true;
        endBy(TO_DATA_MS + (mail.size / SLOWEST_LINE) * 1000, 'before-dot');
        // Only a transaction that says so may have more than ASCII in its header (RFC 6531 section 3.2).
        yield* course.utf8 ? mail.open() : withAsciiHeader(mail.open());
        await aboutToSendDot().catch((error: Error) => {
          throw new MailError('STORAGE', t`The outbox can not be written: ${error.message}`);
        });
        course.dotHandedOver = true;
        endBy(AFTER_DOT_MS, 'after-dot');
      }

      async function send(): Promise<SMTPConnectionSendInfo> {
        const taken = await sessions.take(most);
        if (signal.aborted || course.deadline) {
          sessions.release(taken);
          return ended;
        }
        session = taken;
        course.reused = taken.carried > 0;
        course.opening = !taken.works;
        if (course.opening) await sessions.open(taken);
        course.opening = false;
        connected?.(sessions.working);
        const from = mail.ownSender ? mail.envelope.from : (settings.envelopeFrom ?? mail.envelope.from);
        course.utf8 = taken.offers('SMTPUTF8') && ![from, ...parts.asked].every(isAscii);
        if (!taken.offers('SMTPUTF8')) {
          // The sender of the header is that of the envelope, unless a property or the msg names another one for the latter.
          const foreignSender = [from, mail.envelope.from].find((one) => !isAscii(one));
          // A session at rest is fit for the next mail.
          if (foreignSender !== undefined || !parts.asked.some(isAscii)) {
            sessions.release(taken);
            throw withoutUtf8(foreignSender, parts.asked);
          }
          parts = {
            ...parts,
            asked: parts.asked.filter(isAscii),
            foreign: parts.asked.filter((one) => !isAscii(one)),
          };
        }
        const envelope = { from, to: parts.asked, size: mail.size, ...(dsn && { dsn }) };
        // Lazy and without read-ahead, so that the generator runs only after the server's 354 and the code behind its
        // last chunk only when that chunk was taken.
        bytes = Readable.from(body(), { objectMode: false, highWaterMark: 0 });
        try {
          const info = await taken.send(envelope, bytes);
          sessions.release(taken);
          return info;
        } catch (error) {
          fit = makeFit(taken, error);
          throw error;
        }
      }

      signal.addEventListener('abort', stop, { once: true });
      endBy(TO_DATA_MS, 'before-dot');
      if (signal.aborted) stop();
      try {
        return answers.taken(await Promise.race([send(), ended]), parts);
      } catch (error) {
        const reused = endedEarly(course, error);
        const working = isOneTooMany(error, course.opening) ? await sessions.whenKnown() : 0;
        const aborted = signal.aborted;
        const attempt = answers.failed(error, parts, {
          ...course,
          reused,
          aborted,
          anonymous: session?.login !== 'made' && !openToAll,
          token: tokens !== null,
          submission: session?.login === 'offered' || isSubmissionPort(settings.port),
        });
        const { failure } = attempt;
        if (failure && working > 0 && !aborted) {
          warn?.(
            t`${settings.host}:${settings.port} takes no more connections than ${working} for now: the mails go over these, and one more is tried later.`,
          );
          return crowded(attempt, failure, working);
        }
        if (failure?.scope === 'connection') sessions.dropIdle();
        // The recipients who are left go over the same connection.
        if (attempt.left) await Promise.race([fit, ended.catch(() => undefined)]);
        return attempt;
      } finally {
        clearTimeout(timer);
        signal.removeEventListener('abort', stop);
        // A mail that was refused halfway is not read to its end: its file is closed here.
        bytes?.destroy();
      }
    },
    close: () => sessions.close(),
  };
}

/**
 * True when the connection ended before its greeting, or after an earlier mail and before a byte of this one was asked for:
 * it says nothing about the server as it is now.
 */
function endedEarly({ reused, bodyBegun }: Course, error: unknown): boolean {
  if (bodyBegun) return false;
  return reused || (error as { beforeGreeting?: boolean }).beforeGreeting === true;
}
