/**
 * Sends one mail at a time over each of a few SMTP connections, and knows of each attempt whether the final dot was handed
 * over: only that tells a mail that may have arrived from one that can not have.
 */
import { Readable } from 'node:stream';
import type { SMTPConnectionSendInfo } from 'nodemailer/lib/smtp-connection';
import { t } from '../language/text';
import { MailError, type Attempt, type OutgoingMail, type RecipientFailure } from '../types';
import {
  classifyFailure,
  classifyRecipient,
  classifyRefusals,
  isSubmissionPort,
  type FailureFacts,
} from './failure';
import { mailOptions, nodemailerOptions } from './nodemailer-options';
import { createMask, joinMasks, type Mask } from './secrets';
import type { Session } from './session';
import { createSessions } from './sessions';
import type { SmtpSettings } from './settings';
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
  /** Hides the login of the connector; the login at a proxy is hidden besides. */
  mask: Mask;
  /** Gets the lines of the `mail.debug` transcript. */
  debug: (line: string) => void;
  /** Gets what is worth knowing and no failure; the same text again and again. */
  warn?: (text: string) => void;
}

interface RecipientError extends Error {
  recipient?: string;
}

/** A text from the server on one line, secrets masked. */
type Masked = (text: string | undefined) => string | null;

/** What is known of an attempt besides its error. */
interface Course {
  /** The session had carried a mail before. */
  reused: boolean;
  /** The first byte of the body was asked for. */
  bodyBegun: boolean;
  dotHandedOver: boolean;
  deadline?: 'before-dot' | 'after-dot';
}

export function createTransport({
  settings,
  connections,
  debug,
  warn,
  ...options
}: TransportOptions): Transport {
  const login = settings.proxy?.auth ?? null;
  const mask = login === null ? options.mask : joinMasks(options.mask, createMask(login.user, login.pass));
  const sessions = createSessions(
    {
      ...nodemailerOptions(settings),
      onNoLogin: () =>
        warn?.(
          t`${settings.host}:${settings.port} offers no login: mails go out without one. Some servers offer it only after STARTTLS, or on another port.`,
        ),
      ...(settings.debug ? { logger: createTranscript(debug, mask), transactionLog: true } : {}),
    },
    connections,
  );
  const masked: Masked = (text) => (text === undefined ? null : mask(text));
  const { dsn } = mailOptions(settings);
  /** The server takes mails without a login, for some recipients at least. */
  let openToAll = false;

  /** Sends over a session, and leaves it fit for the next mail or ended. */
  async function sendOver(session: Session, envelope: Parameters<Session['send']>[0], body: Readable) {
    if (session.carried === 0) await session.open();
    try {
      const info = await session.send(envelope, body);
      sessions.release(session);
      return info;
    } catch (error) {
      void makeFit(session, error);
      throw error;
    }
  }

  /** A refused mail leaves a good session behind; after anything else nobody knows what the server waits for. */
  async function makeFit(session: Session, error: unknown): Promise<void> {
    const { code, responseCode } = error as { code?: string; responseCode?: number };
    try {
      if ((code !== 'EENVELOPE' && code !== 'EMESSAGE') || responseCode === 421) throw error;
      await session.reset();
      sessions.release(session);
    } catch {
      session.close();
    }
  }

  return {
    async deliver(mail, recipients, { signal, aboutToSendDot }) {
      const course: Course = { reused: false, bodyBegun: false, dotHandedOver: false };
      let session: Session | undefined;
      let bytes: Readable | undefined;
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
        yield* mail.open();
        await aboutToSendDot().catch((error: Error) => {
          throw new MailError('STORAGE', t`The outbox can not be written: ${error.message}`);
        });
        course.dotHandedOver = true;
        endBy(AFTER_DOT_MS, 'after-dot');
      }

      async function send(): Promise<SMTPConnectionSendInfo> {
        const taken = await sessions.take();
        if (signal.aborted || course.deadline) {
          sessions.release(taken);
          return ended;
        }
        session = taken;
        course.reused = taken.carried > 0;
        const from = settings.envelopeFrom ?? mail.envelope.from;
        const envelope = { from, to: recipients, size: mail.size, ...(dsn && { dsn }) };
        // Lazy and without read-ahead, so that the generator runs only after the server's 354 and the code behind its
        // last chunk only when that chunk was taken.
        bytes = Readable.from(body(), { objectMode: false, highWaterMark: 0 });
        return sendOver(taken, envelope, bytes);
      }

      signal.addEventListener('abort', stop, { once: true });
      endBy(TO_DATA_MS, 'before-dot');
      if (signal.aborted) stop();
      try {
        return answered(await Promise.race([send(), ended]), masked);
      } catch (error) {
        const reused = endedEarly(course, error);
        const attempt = failed(error, recipients.length, masked, {
          ...course,
          reused,
          aborted: signal.aborted,
          anonymous: session?.login !== 'made' && !openToAll,
          submission: session?.login === 'offered' || isSubmissionPort(settings.port),
        });
        if (attempt.failure?.scope === 'connection') sessions.dropIdle();
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

function answered(info: SMTPConnectionSendInfo, masked: Masked): Attempt {
  return {
    accepted: info.accepted,
    refused: refusals(info.rejectedErrors, masked),
    response: masked(info.response),
  };
}

function failed(error: unknown, recipients: number, masked: Masked, facts: FailureFacts): Attempt {
  const { response, rejectedErrors } = maskError(error, masked) as {
    response?: string;
    rejectedErrors?: RecipientError[];
  };
  // Every recipient was refused, each for a reason of its own: some may be for good and some for now.
  if (rejectedErrors && rejectedErrors.length === recipients) {
    const refused = refusals(rejectedErrors, masked, (errors) => classifyRefusals(errors, facts));
    return { accepted: [], refused, response: response ?? null };
  }
  return { accepted: [], refused: [], response: response ?? null, failure: classifyFailure(error, facts) };
}

function refusals(
  errors: RecipientError[] = [],
  masked: Masked,
  classify = (all: unknown[]) => all.map(classifyRecipient),
): RecipientFailure[] {
  const failures = classify(errors.map((error) => maskError(error, masked)));
  return failures.map((failure, index) => ({ address: errors[index]?.recipient ?? '', failure }));
}

/** Masks the texts of an error in place: it is nodemailer's and ends here. */
function maskError(error: unknown, masked: Masked): unknown {
  if (error instanceof Error) {
    const fields = error as Error & { response?: string };
    fields.message = masked(fields.message) ?? '';
    if (fields.response !== undefined) fields.response = masked(fields.response) ?? '';
  }
  return error;
}
