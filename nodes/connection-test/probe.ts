/** Opens a session with the mail server, as for mails, and tells how each step of it went. It stops at the first that fails. */
import { Readable } from 'node:stream';
import { t } from '../language/text';
import type { ComposedMail } from '../mail/compose';
import type { SmtpSettings } from '../properties/settings';
import { isAscii, untellable, withAsciiHeader } from '../smtp/internationalized';
import { mailOptions, nodemailerOptions } from '../smtp/options';
import { createSession, type Session } from '../smtp/session';
import { openSocket } from '../smtp/sockets';
import { MailError } from '../types';
import { createCourse, type Course } from './course';
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
  /** Told whether a login was made, or only offered. */
  login: (how: Session['login']) => void;
  /** Told just before the final dot leaves. */
  dotLeaves: () => void;
}

/**
 * Rejects with the failure of the step that failed, or with MailError ABORTED as soon as the signal says so. The session
 * has ended then; after success it ends with a goodbye for which nobody waits.
 */
export async function probe(options: ProbeOptions): Promise<void> {
  const { settings, limits, signal, login } = options;
  const course = createCourse(settings, options.begin);
  const session = openedBy(options, course);
  let giveUp: (reason: Error) => void = () => undefined;
  const ended = new Promise<never>((_, reject) => (giveUp = reject));
  const onAbort = () =>
    giveUp(new MailError('ABORTED', t`The connection test was ended because nobody waits for it`));
  const timer = setTimeout(() => {
    const fields = { code: 'ETIMEDOUT', timeoutType: 'SOCKET_TIMEOUT', command: 'CONN' };
    giveUp(Object.assign(new Error(t`The test is ended after ${limits.total} ms`), fields));
  }, limits.total);
  signal.addEventListener('abort', onAbort, { once: true });
  if (signal.aborted) onAbort();

  const steps = async () => {
    await session.open();
    await transact(options, session, course);
  };
  try {
    await Promise.race([ended, steps()]);
    session.quit();
  } catch (error) {
    course.failed(error);
    session.close();
    throw error;
  } finally {
    login(session.login);
    clearTimeout(timer);
    signal.removeEventListener('abort', onAbort);
  }
}

/** The session of a mail, but for how long it waits and for who looks at it. */
function openedBy({ settings, limits }: ProbeOptions, course: Course): Session {
  const { connection, greeting, socket } = settings.timeouts;
  const timeouts = {
    ...settings.timeouts,
    greeting: Math.min(limits.reply, greeting),
    socket: Math.min(limits.reply, socket),
  };
  const timeout = Math.min(limits.connect, connection);
  const options = {
    ...nodemailerOptions({ ...settings, timeouts }),
    openSocket: (closing: AbortSignal) =>
      openSocket(settings, { timeout, signal: closing, progress: course }),
    watch: course,
    onNoLogin: () => course.noLogin(),
  };
  return createSession(options, () => undefined);
}

async function transact(
  { settings, sender, mail, dotLeaves }: ProbeOptions,
  session: Session,
  course: Course,
): Promise<void> {
  if (sender === null) return;
  const utf8 = ![sender, mail?.to ?? ''].every(isAscii);
  if (!session.offers('SMTPUTF8')) {
    const foreignSender = [sender, mail?.content.envelope.from ?? ''].find((address) => !isAscii(address));
    if (foreignSender !== undefined) {
      course.begin('mail-from');
      throw untellable(foreignSender, 'SENDER').error;
    }
    if (mail && !isAscii(mail.to)) {
      course.begin('rcpt');
      throw untellable(mail.to).error;
    }
  }
  if (mail === null) {
    const reply = await session.say(`MAIL FROM:<${sender}>${utf8 ? ' SMTPUTF8' : ''}`);
    if (!reply.startsWith('2')) throw refusedSender(reply);
    // Nobody waits for a mail. A server that does not agree is left all the same.
    await session.reset().catch(() => undefined);
    return;
  }
  const { content, to } = mail;
  async function* body(): AsyncGenerator<Buffer> {
    yield* utf8 ? content.open() : withAsciiHeader(content.open());
    dotLeaves();
  }
  const envelope = { from: sender, to: [to], size: content.size, ...mailOptions(settings) };
  // Lazy and without read-ahead: what is behind the last chunk runs when that was taken.
  await session.send(envelope, Readable.from(body(), { objectMode: false, highWaterMark: 0 }));
}

/** In the shape of nodemailer's. */
function refusedSender(reply: string): Error {
  const fields = { code: 'EENVELOPE', command: 'MAIL FROM', response: reply };
  return Object.assign(new Error(reply), fields);
}
