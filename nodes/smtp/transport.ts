/**
 * Sends one mail at a time over each of a few SMTP connections (nodemailer's pool), and knows of each attempt
 * whether the final dot was handed over: only that tells a mail that may have arrived from one that can not have.
 */
import { Readable } from 'node:stream';
import { createTransport as createMailer, type SMTPPoolSentMessageInfo } from 'nodemailer';
import * as socks from 'socks';
import { t } from '../language/text';
import { MailError, type Attempt, type OutgoingMail, type RecipientFailure } from '../types';
import { classifyFailure, classifyRecipient } from './failure';
import { mailOptions, nodemailerOptions } from './nodemailer-options';
import { proxiedSocket } from './proxied-socket';
import { createMask, joinMasks, type Mask } from './secrets';
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
  /** Closes every connection at once. */
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
}

interface RecipientError extends Error {
  recipient?: string;
}

/** A text from the server on one line, secrets masked. */
type Masked = (text: string | undefined) => string | null;

export function createTransport({ settings, connections, debug, ...options }: TransportOptions): Transport {
  const login = settings.proxy?.auth ?? null;
  const mask = login === null ? options.mask : joinMasks(options.mask, createMask(login.user, login.pass));
  const mailer = createMailer({
    ...nodemailerOptions(settings),
    pool: true,
    maxConnections: connections,
    // Each try is one the rate limit knows of: the caller repeats what ended before the body was asked for.
    maxRequeues: 0,
    ...(settings.debug ? { logger: createTranscript(debug, mask), transactionLog: true } : {}),
  });
  mailer.set('proxy_socks_module', socks);
  if (settings.proxy !== null && mailer.getSocket) mailer.getSocket = proxiedSocket(mailer.getSocket);
  // The message is composed already: the pool gets the stream of it that the caller of deliver made.
  mailer.use('stream', (mail, done) => {
    const { openBody } = mail.data as unknown as { openBody: () => Readable };
    mail.message.createReadStream = openBody;
    done();
  });
  const masked: Masked = (text) => (text === undefined ? null : mask(text));

  return {
    async deliver(mail, recipients, { signal, aboutToSendDot }) {
      const abort = new AbortController();
      const stop = () => abort.abort();
      signal.addEventListener('abort', stop, { once: true });
      if (signal.aborted) stop();
      let dotHandedOver = false;
      let deadline: 'before-dot' | 'after-dot' | undefined;
      let timer: NodeJS.Timeout;
      const endBy = (ms: number, phase: typeof deadline) => {
        clearTimeout(timer);
        timer = setTimeout(() => {
          deadline = phase;
          stop();
        }, ms);
      };

      async function* body(): AsyncGenerator<Buffer> {
        endBy(TO_DATA_MS + (mail.size / SLOWEST_LINE) * 1000, 'before-dot');
        for await (const chunk of mail.open()) yield chunk as Buffer;
        await aboutToSendDot().catch((error: Error) => {
          throw new MailError('STORAGE', t`The outbox can not be written: ${error.message}`);
        });
        dotHandedOver = true;
        endBy(AFTER_DOT_MS, 'after-dot');
      }

      endBy(TO_DATA_MS, 'before-dot');
      try {
        const info = await mailer.sendMail({
          ...mailOptions(settings),
          envelope: { from: settings.envelopeFrom ?? mail.envelope.from, to: recipients, size: mail.size },
          raw: '',
          signal: abort.signal,
          // Lazy and without read-ahead, so that the generator runs only after the server's 354 and the code behind its
          // last chunk only when that chunk was taken.
          openBody: () => Readable.from(body(), { objectMode: false, highWaterMark: 0 }),
        } as Parameters<typeof mailer.sendMail>[0]);
        return answered(info, masked);
      } catch (error) {
        return failed(error, recipients.length, masked, {
          dotHandedOver,
          reused: endedEarly(error),
          aborted: signal.aborted,
          deadline,
        });
      } finally {
        clearTimeout(timer!);
        signal.removeEventListener('abort', stop);
      }
    },
    close: () => mailer.close({ force: true }),
  };
}

/**
 * True when the connection ended before its greeting, or after an earlier mail and before a byte of this one was sent:
 * nodemailer would try again by itself then, and says so in no other way.
 */
function endedEarly(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('Reached maximum number of retries');
}

function answered(info: SMTPPoolSentMessageInfo, masked: Masked): Attempt {
  return {
    accepted: info.accepted,
    refused: refusals(info.rejectedErrors, masked),
    response: masked(info.response),
  };
}

function failed(
  error: unknown,
  recipients: number,
  masked: Masked,
  facts: Parameters<typeof classifyFailure>[1],
): Attempt {
  const { response, rejectedErrors } = maskError(error, masked) as {
    response?: string;
    rejectedErrors?: RecipientError[];
  };
  // Every recipient was refused, each for a reason of its own: some may be for good and some for now.
  if (rejectedErrors && rejectedErrors.length === recipients) {
    return { accepted: [], refused: refusals(rejectedErrors, masked), response: response ?? null };
  }
  return { accepted: [], refused: [], response: response ?? null, failure: classifyFailure(error, facts) };
}

function refusals(errors: RecipientError[] | undefined, masked: Masked): RecipientFailure[] {
  return (errors ?? []).map((error) => ({
    address: error.recipient ?? '',
    failure: classifyRecipient(maskError(error, masked)),
  }));
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
