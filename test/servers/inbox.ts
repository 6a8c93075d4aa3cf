/** A mail server that behaves well: takes mails, remembers them, and lets a test wait for them. */
import type { AddressInfo, Socket } from 'node:net';
import type { SecureVersion } from 'node:tls';
import { simpleParser, type ParsedMail } from 'mailparser';
import { SMTPServer, type SMTPServerSession } from 'smtp-server';
import { goodCertificate, testAuthority, type KeyPair } from './certificates';
import { createJournal, type Journal } from './journal';

export type Capability =
  'PIPELINING' | '8BITMIME' | 'SMTPUTF8' | 'SIZE' | 'DSN' | 'ENHANCEDSTATUSCODES' | 'STARTTLS' | 'AUTH';

export interface InboxOptions {
  /** `none` offers no TLS at all; default `none`. */
  security?: 'none' | 'starttls' | 'implicit';
  /** Login is required when set. */
  user?: string;
  /** For XOAUTH2, the token. */
  password?: string;
  /** Judges the token of a login with XOAUTH2, in place of `password`. */
  token?: (token: string) => boolean;
  /** Default PLAIN and LOGIN. */
  authMethods?: ('PLAIN' | 'LOGIN' | 'XOAUTH2' | 'CRAM-MD5')[];
  /** Offer the login without TLS; default true when security is `none`. */
  authInClear?: boolean;
  certificate?: KeyPair;
  minVersion?: SecureVersion;
  maxVersion?: SecureVersion;
  /** Only clients with a certificate of the test authority. */
  clientCertificate?: boolean;
  /** Capabilities that EHLO leaves out. */
  without?: Capability[];
  /** Most bytes of a mail, told with SIZE. */
  size?: number;
  /** A reply such as `550 5.1.1 no such user` refuses this recipient; nothing accepts it. */
  recipient?: (address: string, connection: number) => string | undefined;
  /** A reply such as `451 4.3.0 later` refuses the mail after the dot; nothing accepts it. */
  data?: (mail: ReceivedMail) => string | undefined;
  /** Default: a free one. */
  port?: number;
}

/** What the server knew of the session in which a mail came. */
export interface SessionFacts {
  /** From 1, in the order of connecting. */
  connection: number;
  tls: boolean;
  /** Such as TLSv1.3; null without TLS. */
  tlsVersion: string | null;
  cipher: string | null;
  /** Name that the client asked for with SNI. */
  servername: string | null;
  user: string | null;
  authMethod: string | null;
  ehloName: string;
  clientAddress: string;
  clientPort: number;
}

export interface ReceivedMail {
  raw: Buffer;
  parsed: ParsedMail;
  envelope: { from: string; to: string[] };
  /** ESMTP parameters of MAIL FROM and of each RCPT TO, upper-case names. */
  parameters: { from: Record<string, string | true>; to: Record<string, string | true>[] };
  session: SessionFacts;
  receivedAt: number;
}

export interface Inbox {
  host: string;
  port: number;
  mails: Journal<ReceivedMail>;
  /** Connections so far, sessions open now, and most of them open at the same time. */
  connections: { total: number; open: number; most: number };
  /** User names of the logins that were refused. */
  refusedLogins: string[];
  nextMail: Journal<ReceivedMail>['next'];
  waitFor: Journal<ReceivedMail>['waitFor'];
  waitForMail: Journal<ReceivedMail>['waitForOne'];
  /** Resolves when no session is open; rejects after `ms`. */
  idle: (ms?: number) => Promise<void>;
  /** Ends every connection at once and frees the port. */
  close: () => Promise<void>;
}

function describeMail(mail: ReceivedMail): string {
  return `"${mail.parsed.subject ?? ''}" from ${mail.envelope.from} to ${mail.envelope.to.join(', ')}`;
}

function refusal(reply: string): Error {
  const error = new Error(reply.slice(4)) as Error & { responseCode: number };
  error.responseCode = Number(reply.slice(0, 3));
  return error;
}

async function readAll(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of stream) chunks.push(chunk);
  return Buffer.concat(chunks);
}

/** Starts an inbox on 127.0.0.1. */
export async function startInbox(options: InboxOptions = {}): Promise<Inbox> {
  const security = options.security ?? 'none';
  const hidden = new Set<Capability>(options.without ?? []);
  const mails = createJournal<ReceivedMail>('mails in the inbox', describeMail);
  const connections = { total: 0, open: 0, most: 0 };
  const sessions = new Set<string>();
  const refusedLogins: string[] = [];
  // By the client's port, which is what socket and session have in common.
  const numbers = new Map<number, number>();
  const idleWaiters = new Set<() => void>();
  const methods = new Map<string, string>();
  const certificate = options.certificate ?? goodCertificate;

  function facts(session: SMTPServerSession): SessionFacts {
    const tls = session.tlsOptions || null;
    return {
      connection: numbers.get(session.remotePort) ?? 0,
      tls: session.secure,
      tlsVersion: tls?.version ?? null,
      cipher: tls?.name ?? null,
      servername: session.servername || null,
      user: typeof session.user === 'string' ? session.user : null,
      authMethod: methods.get(session.id) ?? null,
      ehloName: session.hostNameAppearsAs,
      clientAddress: session.remoteAddress,
      clientPort: session.remotePort,
    };
  }

  async function receive(stream: AsyncIterable<Buffer>, session: SMTPServerSession): Promise<ReceivedMail> {
    const raw = await readAll(stream);
    const { mailFrom, rcptTo } = session.envelope;
    // Taken before parsing: the session goes on to its next mail once this one is answered.
    const envelope = { from: mailFrom ? mailFrom.address : '', to: rcptTo.map((to) => to.address) };
    const parameters = {
      from: (mailFrom && mailFrom.args) || {},
      to: rcptTo.map((to) => to.args || {}),
    };
    const parsed = await simpleParser(raw);
    return { raw, parsed, envelope, parameters, session: facts(session), receivedAt: Date.now() };
  }

  const server = new SMTPServer({
    secure: security === 'implicit',
    cert: certificate.cert,
    key: certificate.key,
    ...(options.minVersion && { minVersion: options.minVersion }),
    ...(options.maxVersion && { maxVersion: options.maxVersion }),
    ...(options.clientCertificate && { requestCert: true, rejectUnauthorized: true, ca: [testAuthority] }),
    name: 'inbox.test',
    disableReverseLookup: true,
    logger: false,
    authMethods: options.authMethods ?? ['PLAIN', 'LOGIN'],
    authOptional: options.user === undefined,
    allowInsecureAuth: options.authInClear ?? security === 'none',
    disabledCommands: [
      ...(security !== 'starttls' || hidden.has('STARTTLS') ? ['STARTTLS'] : []),
      ...(options.user === undefined || hidden.has('AUTH') ? ['AUTH'] : []),
    ],
    hidePIPELINING: hidden.has('PIPELINING'),
    hide8BITMIME: hidden.has('8BITMIME'),
    hideSMTPUTF8: hidden.has('SMTPUTF8'),
    hideSize: hidden.has('SIZE'),
    hideDSN: hidden.has('DSN'),
    hideENHANCEDSTATUSCODES: hidden.has('ENHANCEDSTATUSCODES'),
    ...(options.size !== undefined && { size: options.size }),
    onConnect({ id }, callback) {
      sessions.add(id);
      connections.open = sessions.size;
      connections.most = Math.max(connections.most, connections.open);
      callback();
    },
    onClose({ id }) {
      // A client that leaves before the greeting was never told as connected.
      sessions.delete(id);
      connections.open = sessions.size;
      if (connections.open === 0) for (const resolve of idleWaiters) resolve();
    },
    onAuth(login, session, callback) {
      const right =
        login.username === options.user &&
        (login.method === 'CRAM-MD5'
          ? login.validatePassword(options.password ?? '')
          : login.accessToken !== undefined && options.token
            ? options.token(login.accessToken)
            : (login.accessToken ?? login.password) === options.password);
      if (!right && login.method === 'XOAUTH2') {
        refusedLogins.push(login.username ?? '');
        // As Gmail does: a challenge, and 535 when it is answered.
        callback(null, { data: { status: '400', schemes: 'Bearer', scope: 'https://mail.google.com/' } });
        return;
      }
      if (!right) {
        refusedLogins.push(login.username ?? '');
        callback(refusal('535 5.7.8 Username and password not accepted'));
        return;
      }
      methods.set(session.id, login.method);
      callback(null, { user: login.username });
    },
    onRcptTo(address, session, callback) {
      const reply = options.recipient?.(address.address, numbers.get(session.remotePort) ?? 0);
      callback(reply === undefined ? null : refusal(reply));
    },
    onData(stream, session, callback) {
      receive(stream, session).then(
        (mail) => {
          const reply = stream.sizeExceeded ? '552 5.3.4 message too big' : options.data?.(mail);
          if (reply !== undefined) {
            callback(refusal(reply));
            return;
          }
          mails.add(mail);
          callback(null, `queued as ${mails.items.length}`);
        },
        (error: Error) => callback(error),
      );
    },
  });
  server.server.on('connection', (socket: Socket) => {
    connections.total += 1;
    numbers.set(socket.remotePort ?? 0, connections.total);
  });
  // Clients that break off are part of the tests; the server must outlive them.
  server.on('error', () => undefined);

  await new Promise<void>((resolve, reject) => {
    server.server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', () => {
      server.server.off('error', reject);
      resolve();
    });
  });

  async function idle(ms = 5_000): Promise<void> {
    if (connections.open === 0) return;
    await new Promise<void>((resolve, reject) => {
      const timer = setTimeout(
        () => reject(new Error(`${connections.open} sessions are still open after ${ms} ms`)),
        ms,
      );
      idleWaiters.add(() => {
        clearTimeout(timer);
        resolve();
      });
    });
    idleWaiters.clear();
  }

  return {
    host: '127.0.0.1',
    port: (server.server.address() as AddressInfo).port,
    mails,
    connections,
    refusedLogins,
    nextMail: mails.next,
    waitFor: mails.waitFor,
    waitForMail: mails.waitForOne,
    idle,
    async close() {
      for (const connection of server.connections) connection._socket.destroy();
      for (const socket of server._pendingSockets.values()) socket.destroy();
      await new Promise<void>((resolve) => server.close(() => resolve()));
      await idle();
    },
  };
}
