/** Runs connection tests of the editor against the servers of the tests. */
import assert from 'node:assert/strict';
import { once } from 'node:events';
import net, { type AddressInfo, type Socket } from 'node:net';
import {
  createConnectionTest,
  type Surroundings,
  type TestAnswer,
} from '../../nodes/connection-test/connection-test';
import { createAccountTokens } from '../../nodes/oauth2/account-tokens';
import { memoryStore } from '../oauth2/oauth-fixture';
import { testAuthority } from '../servers/certificates';
import type { Script } from '../servers/fault-script';
import { startFaultServer, type FaultServer, type FaultServerOptions } from '../servers/fault-server';
import { startInbox, type Inbox, type InboxOptions } from '../servers/inbox';

export const USER = 'me@example.com';
export const PASSWORD = 'correct horse-battery';

export const STARTTLS = ['mail.smtp.starttls.enable=true'];
export const IMPLICIT = ['mail.smtp.ssl.enable=true'];

/** Short, for servers that never answer. */
export const LIMITS = { total: 1_000, connect: 300, reply: 300 };

export const NOTHING_DEPLOYED: Surroundings = {
  env: () => undefined,
  deployed: () => null,
  allowInsecureAuth: false,
  deployedLogin: () => null,
  tokens: ({ settings, network }) => createAccountTokens({ settings, network, store: memoryStore() }),
  // A connector with a tls-config node that trusts the authority of the tests.
  tlsMaterial: (id) => (id === 'authority' ? { ca: testAuthority } : null),
};

export interface Trial {
  server: { host: string; port: number };
  /** More lines of properties. */
  properties?: string[];
  body?: Record<string, unknown>;
  around?: Partial<Surroundings>;
  limits?: typeof LIMITS;
}

/** The body of a test with a login. */
export function bodyFor({ server, properties = [], body }: Trial): Record<string, unknown> {
  const lines = [`mail.smtp.host=${server.host}`, `mail.smtp.port=${server.port}`, ...properties];
  return {
    title: 'Plant',
    properties: lines.join('\n'),
    username: USER,
    password: PASSWORD,
    tls: 'authority',
    to: '',
    ...body,
  };
}

/** Runs one test. */
export function runTrial(trial: Trial, signal = new AbortController().signal): Promise<TestAnswer> {
  const test = createConnectionTest(1, trial.limits ?? { total: 10_000, connect: 5_000, reply: 5_000 });
  return test(bodyFor(trial), { ...NOTHING_DEPLOYED, ...trial.around }, signal);
}

export function stepsOf({ steps }: TestAnswer): string[] {
  return steps.map(({ step, ok }) => (ok ? step : `${step} failed`));
}

export function detailOf({ steps }: TestAnswer, name: string): string {
  return steps.find(({ step }) => step === name)?.detail ?? '';
}

/** Checks that a test failed at a step, why, and what it advises. */
export function assertFailed(answer: TestAnswer, step: string, code: string, hint: RegExp): void {
  assert.equal(answer.ok, false);
  assert.equal(stepsOf(answer).at(-1), `${step} failed`);
  assert.equal(answer.error?.code, code, answer.error?.message);
  assert.match(answer.error?.hint ?? '', hint);
}

/** Ways to start servers that are closed after each test of the describe block. */
export function testServers() {
  const login = { user: USER, password: PASSWORD };
  const servers: { close: () => Promise<unknown> }[] = [];
  afterEach(async () => {
    await Promise.all(servers.splice(0).map((server) => server.close()));
  });

  return {
    async inbox(options: InboxOptions = {}): Promise<Inbox> {
      const server = await startInbox({ ...login, ...options });
      servers.push(server);
      return server;
    },

    /** A server that takes every mail of the user, but for what the script says. */
    async faulty(script: Script = () => undefined, options: FaultServerOptions = {}): Promise<FaultServer> {
      const server = await startFaultServer({ auth: ['PLAIN', 'LOGIN'], login, ...options, script });
      servers.push(server);
      return server;
    },

    /** A server that does as it is told with each connection. */
    async raw(onConnection: (socket: Socket) => void): Promise<{ host: string; port: number }> {
      const sockets = new Set<Socket>();
      const server = net.createServer((socket) => {
        sockets.add(socket.on('error', () => undefined));
        onConnection(socket);
      });
      await once(server.listen(0, '127.0.0.1'), 'listening');
      servers.push({
        close: () => {
          for (const socket of sockets) socket.destroy();
          return new Promise((resolve) => server.close(resolve));
        },
      });
      return { host: '127.0.0.1', port: (server.address() as AddressInfo).port };
    },
  };
}
