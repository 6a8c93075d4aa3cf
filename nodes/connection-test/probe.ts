/** Runs the session of a mail with an observer that records each step. Stops at the first step that fails. */
import { Readable } from 'node:stream';
import { t } from '../language/text';
import type { ComposedMail } from '../mail/compose';
import type { SmtpSettings } from '../properties/settings';
import { isAscii, untellable, withAsciiHeader } from '../smtp/internationalized';
import { mailOptions, nodemailerOptions } from '../smtp/options';
import { createSession, type Session } from '../smtp/session';
import { openSocket } from '../smtp/sockets';
import type { LoginTokens } from '../smtp/token-login';
import { MailError } from '../types';
import { createStepTracker, type StepTracker } from './step-tracker';
import type { Begin } from './steps';

/** How long a step may take, ms; the timeouts of the settings count when they are shorter. */
export interface Limits {
  /** The whole test but for the goodbye. */
  total: number;
  /** To find and reach the server. */
  connect: number;
  /** For a reply; servers let a stranger wait for their greeting. */
  reply: number;
}

export interface ProbeOptions {
  settings: SmtpSettings;
  /** Envelope sender; null leaves MAIL FROM out. */
  sender: string | null;
  mail: { to: string; content: ComposedMail } | null;
  limits: Limits;
  signal: AbortSignal;
  begin: Begin;
  /** Of a login with an access token. */
  tokens: LoginTokens | null;
  /** Told whether a login was made, or only offered. */
  login: (how: Session['login']) => void;
  /** Told just before the final dot leaves. */
  dotLeaves: () => void;
}

/**
 * Rejects with the error of the failed step, with the session closed, or with MailError ABORTED when the
 * signal is aborted. After success the session says goodbye in the background.
 */
export async function probe(options: ProbeOptions): Promise<void> {
  const { settings, limits, signal, login } = options;
  const tracker = createStepTracker(settings, options.begin);
  const session = sessionFor(options, tracker);
  let giveUp: (reason: Error) => void = () => undefined;
  const ended = new Promise<never>((_, reject) => (giveUp = reject));
  const onAbort = () =>
    giveUp(new MailError('ABORTED', t`The connection test was ended because nobody waits for it`));
  const timer = setTimeout(() => {
    const fields = { code: 'ETIMEDOUT', timeoutType: 'SOCKET_TIMEOUT', command: 'CONN' };
    giveUp(Object.assign(new Error(t`The test took longer than ${limits.total} ms`), fields));
  }, limits.total);
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();

  const steps = async () => {
    await session.open();
    await transact(options, session, tracker);
  };
  try {
    await Promise.race([ended, steps()]);
    session.quit();
  } catch (error) {
    tracker.failed(error);
    session.close();
    throw error;
  } finally {
    login(session.login);
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}

/** The session that mails use, with shorter timeouts and an observer. */
function sessionFor({ settings, limits, tokens }: ProbeOptions, tracker: StepTracker): Session {
  const { connection, greeting, socket } = settings.timeouts;
  const timeouts = {
    ...settings.timeouts,
    greeting: Math.min(limits.reply, greeting),
    socket: Math.min(limits.reply, socket),
  };
  const timeout = Math.min(limits.connect, connection);
  const options = {
    ...nodemailerOptions({ ...settings, timeouts }, tokens),
    openSocket: (closing: AbortSignal) =>
      openSocket(settings, { timeout, signal: closing, progress: tracker }),
    observer: tracker,
    onNoLogin: () => tracker.noLogin(),
  };
  return createSession(options, () => undefined);
}

async function transact(
  { settings, sender, mail, dotLeaves }: ProbeOptions,
  session: Session,
  tracker: StepTracker,
): Promise<void> {
  if (sender === null) return;
  const utf8 = ![sender, mail?.to ?? ''].every(isAscii);
  if (!session.offers('SMTPUTF8')) {
    const foreignSender = [sender, mail?.content.envelope.from ?? ''].find((address) => !isAscii(address));
    if (foreignSender !== undefined) {
      tracker.begin('mail-from');
      throw untellable(foreignSender, 'SENDER').error;
    }
    if (mail && !isAscii(mail.to)) {
      tracker.begin('rcpt');
      throw untellable(mail.to).error;
    }
  }
  if (mail === null) {
    const reply = await session.say(`MAIL FROM:<${sender}>${utf8 ? ' SMTPUTF8' : ''}`);
    if (!reply.startsWith('2')) throw refusedSender(reply);
    // No mail follows. It does not matter whether the server agrees.
    await session.reset().catch(() => undefined);
    return;
  }
  const { content, to } = mail;
  async function* body(): AsyncGenerator<Buffer> {
    yield* utf8 ? content.open() : withAsciiHeader(content.open());
    dotLeaves();
  }
  const envelope = { from: sender, to: [to], size: content.size, ...mailOptions(settings) };
  // Lazy and without read-ahead, so that `dotLeaves` is called only when the last chunk has been taken.
  await session.send(envelope, Readable.from(body(), { objectMode: false, highWaterMark: 0 }));
}

/** An error in the shape of nodemailer's. */
function refusedSender(reply: string): Error {
  const fields = { code: 'EENVELOPE', command: 'MAIL FROM', response: reply };
  return Object.assign(new Error(reply), fields);
}
