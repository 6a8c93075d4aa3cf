/**
 * One connection to the mail server with its login, from its opening to its end: nodemailer's SMTPConnection, which speaks
 * the protocol, with promises and with what an error does not tell.
 */
import type { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import SMTPConnection, {
  type SMTPConnectionAuth,
  type SMTPConnectionOptions,
  type SMTPConnectionSendInfo,
  type SMTPEnvelope,
} from 'nodemailer/lib/smtp-connection';
import { t } from '../language/text';
import { createLookout, type Lookout, type SessionWatch } from './lookout';

export interface SessionOptions extends SMTPConnectionOptions {
  connectionTimeout: number;
  auth?: SMTPConnectionAuth & { method: string };
  /** Called when there is a login and the server offers none: as in JavaMail, the session goes on without. */
  onNoLogin?: () => void;
  /** Opens the connection that the session goes over; the signal ends it. */
  openSocket: (signal: AbortSignal) => Promise<Socket>;
  /** Sees every step of the session, and judges the certificate. */
  watch?: SessionWatch;
}

/** How long a server may take to answer QUIT, ms: nobody waits for it. */
const QUIT_MS = 1_000;

/** Name of a login that is none: only from within one nodemailer says a command of ours. */
const SAY = 'SAY';

export interface Session {
  /** Mails that it carried, refused ones too. */
  readonly carried: number;
  readonly ended: boolean;
  /** Open, logged in and not about to end. */
  readonly works: boolean;
  /** Whether the server offered an extension in its last EHLO; false before it is open. */
  offers(extension: string): boolean;
  /** Whether a login was made, or only offered by the server. */
  readonly login: 'made' | 'offered' | 'none';
  /** Connects and logs in. Rejects with nodemailer's error; the session has ended then. */
  open(): Promise<void>;
  /** Hands over one mail. Rejects with nodemailer's error; a session that is good for another mail has not ended then. */
  send(envelope: SMTPEnvelope, body: Readable): Promise<SMTPConnectionSendInfo>;
  /** Says one command and gives the reply to it, whatever that is. Rejects when the connection ends before. */
  say(command: string): Promise<string>;
  /** Ends the transaction of a mail that was refused. Rejects when the server does not agree. */
  reset(): Promise<void>;
  /** Says goodbye and ends. */
  quit(): void;
  /** Ends at once; what is under way is left without an answer. */
  close(): void;
}

/** A session that is not open yet; `onEnd` is called once when it ended, for whatever reason. */
export function createSession(options: SessionOptions, onEnd: () => void): Session {
  let connection: SMTPConnection | null = null;
  let carried = 0;
  let ended = false;
  let works = false;
  /** The lines of the last EHLO. */
  let ehlo: string[] = [];
  let loginMade = false;
  let lookout: Lookout | null = null;
  const closing = new AbortController();

  function end(): void {
    works = false;
    if (ended) return;
    ended = true;
    closing.abort();
    onEnd();
  }

  function close(): void {
    connection?.close();
    end();
  }

  async function connect(): Promise<SMTPConnection> {
    const startedAt = Date.now();
    const socket = await options.openSocket(closing.signal);
    if (ended) {
      socket.destroy();
      throw new Error(t`The session was closed while it was opened`);
    }
    const connectionTimeout = Math.max(options.connectionTimeout - (Date.now() - startedAt), 1);
    let refuse: (reason: Error) => void = () => undefined;
    if (options.watch) {
      const current = () => connection?._socket;
      lookout = createLookout(options.watch, options.tls, current, (reason) => refuse(reason));
    }
    // A session that ends for a failure is not left half open: the server counts it until it sees its end.
    const made = new SMTPConnection({
      ...options,
      connection: socket,
      connectionTimeout,
      socketCloseTimeout: 0,
      ...lookout?.options,
    });
    connection = made;
    made.once('end', end);
    await new Promise<void>((resolve, reject) => {
      // Errors of a session at rest end it; nobody is there to be told. The callback gets an error only when the server
      // ended the connection without a word.
      made.on('error', reject);
      refuse = (reason) => {
        reject(reason);
        made.close();
      };
      made.connect((error) => (error ? reject(Object.assign(error, { beforeGreeting: true })) : resolve()));
    });
    // Nothing was said since.
    ehlo = (made.lastServerResponse || '').split('\n').map((line) => line.replace(/^250[ -]/, '').trim());
    return made;
  }

  /** The login of the session, if there is one to make: the only place where it is chosen. */
  async function logIn(to: SMTPConnection): Promise<void> {
    const { auth } = options;
    if (!auth) return;
    if (!to.allowsAuth) {
      options.onNoLogin?.();
      return;
    }
    lookout?.assertJudged(to.secure);
    options.watch?.logsIn();
    await new Promise<void>((resolve, reject) => {
      to.on('error', reject);
      to.login({ ...auth }, (error) => (error ? reject(error) : resolve()));
    });
    loginMade = true;
  }

  /** The open connection. */
  function opened(): SMTPConnection {
    if (!connection) throw new Error(t`The session is not open`);
    return connection;
  }

  /** What is made of the open connection; rejects when that ends before. One session may see thousands of these. */
  async function untilEnd<T>(
    act: (to: SMTPConnection, resolve: (result: T) => void, reject: (reason: Error) => void) => void,
  ): Promise<T> {
    const to = opened();
    let gone: (reason?: Error) => void = () => undefined;
    try {
      return await new Promise<T>((resolve, reject) => {
        gone = (reason) => reject(reason ?? new Error(t`The connection ended`));
        // The error of a connection comes before its end.
        to.once('error', gone).once('end', gone);
        act(to, resolve, reject);
      });
    } finally {
      to.removeListener('error', gone).removeListener('end', gone);
    }
  }

  return {
    get carried() {
      return carried;
    },
    get ended() {
      return ended;
    },
    get works() {
      return works;
    },
    get login() {
      if (loginMade) return 'made';
      return connection?.allowsAuth ? 'offered' : 'none';
    },
    offers: (extension) =>
      ehlo.some((line) => line.split(/[ =]/)[0]?.toUpperCase() === extension.toUpperCase()),
    async open() {
      try {
        await logIn(await connect());
        works = !ended;
      } catch (error) {
        close();
        throw error;
      }
    },
    send: (envelope, body) =>
      new Promise((resolve, reject) => {
        opened().send(envelope, body, (error, info) => {
          carried += 1;
          if (error) reject(error);
          else resolve(info);
        });
      }),
    say: (command) =>
      untilEnd((to, resolve, reject) => {
        to.customAuth.set(SAY, async (context) => {
          options.watch?.sends(command);
          resolve((await context.sendCommand(command)).response);
        });
        to.login({ method: SAY }, (error) => error && reject(error));
      }),
    reset: () =>
      untilEnd((to, resolve, reject) => {
        to.reset((error) => (error ? reject(error) : resolve()));
      }),
    quit() {
      if (!connection || ended) return close();
      works = false;
      connection.quit();
      setTimeout(close, QUIT_MS).unref();
    },
    close,
  };
}
