/** What the scenarios need of a mail server, whoever wrote it. */
import { connect } from 'node:net';
import { certificatePath } from '../servers/certificates';

export interface Login {
  user: string;
  password: string;
}

/** The account that every server knows. */
export const ACCOUNT: Login = { user: 'plant', password: 'sesame open' };
/** An access token that a server with OAuth2 takes for this account. */
export const TOKEN = `token-${'x'.repeat(40)}`;

/** What a scenario wants of the server; what it does not have, it leaves out of `offers`. */
export type Feature =
  | 'plain'
  | 'starttls'
  | 'implicit'
  | 'login PLAIN'
  | 'login LOGIN'
  | 'login CRAM-MD5'
  | 'login XOAUTH2'
  | 'refused recipient'
  | 'greylisting'
  | 'size limit'
  | 'header check'
  | 'connection limit'
  | 'rate limit'
  | 'idle timeout'
  | 'restart';

export interface InteropServer {
  /** As the table names it, with its version. */
  name: string;
  /** Its ports by what is asked of it. */
  ports: Partial<Record<Feature, number>>;
  /** Stops it and starts it again on the same ports. */
  restart?: () => Promise<void>;
  stop(): Promise<void>;
  /** The subjects of the mails that it has; without, they are handed on to the sink. */
  subjects?: () => Promise<string[]>;
  /** What it wrote, for a failure. */
  output(): string;
}

/** Why a server can not be had on this machine. */
export class Unavailable extends Error {}

/** Starts a server that hands all mails on to the sink at this port; its files are below `folder`. */
export type Start = (folder: string, sink: number) => Promise<InteropServer>;

export const CERTIFICATE = { cert: certificatePath('good.pem'), key: certificatePath('good-key.pem') };

/** Resolves when a port answers with a greeting, or with anything over TLS. */
export async function listening(port: number, output: () => string, ms = 20_000): Promise<void> {
  const end = Date.now() + ms;
  while (!(await accepts(port))) {
    if (Date.now() > end) throw new Error(`nothing listens on ${port}:\n${output().slice(-2_000)}`);
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
}

function accepts(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const settle = (value: boolean) => {
      socket.destroy();
      resolve(value);
    };
    socket.once('connect', () => settle(true));
    socket.once('error', () => settle(false));
  });
}
