/**
 * A mail server that fails as a script says, and keeps the books: what it took responsibility for, and what
 * it received but never answered for.
 */
import net, { type AddressInfo, type Socket } from 'node:net';
import type { TLSSocketOptions } from 'node:tls';
import { goodCertificate } from './certificates';
import type { Phase, Script } from './fault-script';
import { reset, serve, type SessionBody } from './fault-session';
import { createJournal, type Journal } from './journal';

export interface FaultServerOptions {
  /** May be replaced while the server runs, by assigning to `script` of the server. */
  script?: Script;
  /** Default `none`. */
  security?: 'none' | 'starttls' | 'implicit';
  /** Default: the good certificate. */
  tls?: TLSSocketOptions;
  /** EHLO lines besides STARTTLS and AUTH; default PIPELINING, 8BITMIME, SMTPUTF8, SIZE, DSN and more. */
  capabilities?: string[];
  /** Mechanisms that EHLO offers; default none, and any of them accepts everyone. */
  auth?: ('PLAIN' | 'LOGIN' | 'XOAUTH2' | 'OAUTHBEARER')[];
  /** The only login that is accepted. */
  login?: { user: string; password: string };
  /** Judges the token of a login: null is a yes, anything else the error challenge. */
  token?: (user: string, token: string) => object | null;
  /** Most octets of a command line with its end; default 1000. */
  longestCommand?: number;
  /** Keep the bodies in the ledger; default false. */
  keepBodies?: boolean;
  /** Default: a free one. */
  port?: number;
}

/** A line that a client sent. */
export interface Command {
  connection: number;
  transaction: number;
  phase: Phase;
  line: string;
  secure: boolean;
  at: number;
}

/** A body that came to its dot. */
export interface LedgerEntry {
  connection: number;
  transaction: number;
  /** With angle brackets; empty when the header has none. */
  messageId: string;
  from: string;
  /** Only those that were accepted at RCPT TO. */
  recipients: string[];
  bytes: number;
  /** When the body was complete, ms. */
  at: number;
  /** The reply that the client was sent; null as long as there is none. */
  reply: string | null;
  body: Buffer | null;
}

export interface FaultServer {
  host: string;
  port: number;
  script: Script;
  /** All bodies that came completely, answered or not, in the order of their dots. */
  bodies: Journal<LedgerEntry>;
  /** Only those that the server accepted: entered just before the 250 leaves. */
  ledger: Journal<LedgerEntry>;
  commands: Journal<Command>;
  connections: { total: number; open: number; most: number };
  /** Bodies that came completely and were never answered. */
  unanswered: () => LedgerEntry[];
  /** Breaks all connections and frees the port. */
  close: () => Promise<void>;
}

const CAPABILITIES = ['PIPELINING', '8BITMIME', 'SMTPUTF8', 'ENHANCEDSTATUSCODES', 'DSN', 'SIZE 36700160'];

function messageIdOf(body: Buffer): string {
  const headerEnd = body.indexOf('\r\n\r\n');
  const header = body.toString('latin1', 0, headerEnd < 0 ? body.length : headerEnd);
  return /^message-id:\s*(<[^>]*>)/im.exec(header)?.[1] ?? '';
}

/** Starts a fault server on 127.0.0.1. */
export async function startFaultServer(options: FaultServerOptions = {}): Promise<FaultServer> {
  const describe = (entry: LedgerEntry): string =>
    `connection ${entry.connection}: ${entry.messageId} to ${entry.recipients.join(', ')}: ${entry.reply ?? '-'}`;
  const bodies = createJournal<LedgerEntry>('bodies', describe);
  const ledger = createJournal<LedgerEntry>('accepted mails', describe);
  const commands = createJournal<Command>(
    'commands',
    (command) => `connection ${command.connection}: ${command.line}`,
  );
  const connections = { total: 0, open: 0, most: 0 };
  const counts = new Map<string, number>();
  const sockets = new Set<Socket>();

  function onConnection(socket: Socket): void {
    connections.total += 1;
    connections.open += 1;
    connections.most = Math.max(connections.most, connections.open);
    socket.setNoDelay(true);
    sockets.add(socket);
    socket.once('close', () => {
      connections.open -= 1;
      sockets.delete(socket);
    });
    const connection = connections.total;
    const entries = new Map<SessionBody, LedgerEntry>();
    void serve(socket, {
      security: options.security ?? 'none',
      tls: { ...goodCertificate, ...options.tls },
      capabilities: options.capabilities ?? CAPABILITIES,
      auth: options.auth ?? [],
      login: options.login ?? null,
      token: options.token ?? null,
      longestCommand: options.longestCommand ?? 1000,
      connection,
      ask(moment) {
        const key = `${moment.phase} ${moment.address}`;
        const count = (counts.get(key) ?? 0) + 1;
        counts.set(key, count);
        return server.script({ ...moment, count });
      },
      onLine: (line) => commands.add({ ...line, connection, at: Date.now() }),
      onBody(body) {
        const entry: LedgerEntry = {
          connection,
          transaction: body.transaction,
          messageId: messageIdOf(body.content),
          from: body.from,
          recipients: body.recipients,
          bytes: body.content.length,
          at: Date.now(),
          reply: null,
          body: options.keepBodies ? body.content : null,
        };
        entries.set(body, entry);
        bodies.add(entry);
      },
      onVerdict(body, reply) {
        const entry = entries.get(body);
        if (!entry) return;
        entry.reply = reply;
        if (reply?.startsWith('2')) ledger.add(entry);
      },
    });
  }

  const listener = net.createServer(onConnection);
  await new Promise<void>((resolve, reject) => {
    listener.once('error', reject);
    listener.listen(options.port ?? 0, '127.0.0.1', () => resolve());
  });

  const server: FaultServer = {
    host: '127.0.0.1',
    port: (listener.address() as AddressInfo).port,
    script: options.script ?? (() => undefined),
    bodies,
    ledger,
    commands,
    connections,
    unanswered: () => bodies.items.filter((entry) => entry.reply === null),
    close: () =>
      new Promise((resolve) => {
        listener.close(() => resolve());
        for (const socket of sockets) reset(socket);
      }),
  };
  return server;
}
