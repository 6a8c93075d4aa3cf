/** An outbox with a transport to a mail server: all that stands between a flow and the network, without Node-RED. */
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import type { Clock } from '../../nodes/clock';
import { createDiskStore } from '../../nodes/store/disk/disk-store';
import { createMemoryStore } from '../../nodes/store/memory';
import { createOutbox, type Leftovers, type Outbox, type Policy } from '../../nodes/outbox/outbox';
import { createMask } from '../../nodes/properties/mask';
import { readSettings } from '../../nodes/properties/settings';
import { createTransport } from '../../nodes/smtp/transport';
import type { EmailResult, Msg, OutgoingMail, Priority } from '../../nodes/types';
import { createJournal, type Journal } from '../servers/journal';

export interface LineOptions {
  server: { host: string; port: number };
  /** Where the mails are kept; in memory without. */
  folder?: string;
  policy?: Partial<Policy>;
  clock?: Clock;
  /** More lines of JavaMail properties. */
  properties?: string[];
  /** What the store tells the log while it is open; by default the test fails then. */
  warn?: (text: string) => void;
  login?: { user: string; password: string };
}

export interface Line {
  outbox: Outbox;
  left: Leftovers;
  results: Journal<EmailResult>;
  /** Codes of the problems that were shown, each once for each time it began. */
  problems: Journal<string>;
  /** What the store could not keep. */
  troubles: unknown[];
  start: () => void;
  /** Stops the outbox and closes the connections and the store, as the end of the process does. */
  close: () => Promise<void>;
}

export const POLICY: Policy = {
  connections: 1,
  limit: 20_000,
  retryFor: 24 * 3_600_000,
  rate: { limit: 0, period: 'minute' },
};

/** Opens the outbox; mails move after `start`. */
export async function openLine(options: LineOptions): Promise<Line> {
  const { server, folder, clock, login } = options;
  const policy = { ...POLICY, ...options.policy };
  const results = createJournal<EmailResult>('results', ({ status, subject }) => `${status} ${subject}`);
  const problems = createJournal<string>('problems', (code) => code);
  const troubles: unknown[] = [];
  let working = true;
  const outbox = createOutbox({
    store:
      folder === undefined
        ? createMemoryStore()
        : createDiskStore({ folder, warn: options.warn ?? assert.fail }),
    policy,
    report: (result) => results.add(result),
    changed() {
      const problem = outbox.problem();
      if (problem && working) problems.add(problem.error.code);
      working = problem === null;
    },
    trouble: (error) => troubles.push(error),
    random: () => 0,
    ...(clock ? { clock } : {}),
  });
  const left = await outbox.open();
  const { settings, errors } = readSettings({
    properties: [
      `mail.smtp.host=${server.host}`,
      `mail.smtp.port=${server.port}`,
      ...(login ? ['mail.smtp.auth=true'] : []),
      ...(options.properties ?? []),
    ].join('\n'),
    username: login?.user ?? '',
    password: login?.password ?? '',
    env: () => undefined,
    allowInsecureAuth: false,
    tlsNode: null,
  });
  assert.ok(settings, JSON.stringify(errors));
  const transport = createTransport({
    settings,
    connections: policy.connections,
    mask: createMask(login?.user ?? '', login?.password ?? ''),
    debug: () => undefined,
  });
  return {
    outbox,
    left,
    results,
    problems,
    troubles,
    start: () => outbox.start((...attempt) => transport.deliver(...attempt), policy),
    async close() {
      await outbox.stop();
      transport.close();
      await outbox.close();
    },
  };
}

/** As the outbox reads a mail: whoever takes the last piece of a large one has not yet sent all of it. */
function* chunksOf(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536);
}

let serial = 0;

/** A mail of `size` bytes at least; later ones have greater ids. */
export function newMail(
  to: string[] = ['a@x.test'],
  more: { priority?: Priority; size?: number; queuedAt?: number; messages?: Msg[] } = {},
): OutgoingMail {
  serial += 1;
  const id = String(serial).padStart(8, '0');
  const head = `Message-ID: <${id}@x.test>\r\nSubject: ${id}\r\n\r\n`;
  const bytes = Buffer.from(head + 'text of the mail\r\n'.repeat(Math.ceil((more.size ?? 1) / 18)));
  return {
    id,
    nodeId: 'n',
    messageId: `<${id}@x.test>`,
    subject: id,
    envelope: { from: 'me@x.test', to },
    priority: more.priority ?? 'normal',
    queuedAt: more.queuedAt ?? Date.now(),
    count: 1,
    attachments: [],
    skippedAttachments: [],
    messages: more.messages ?? [{ payload: id }],
    size: bytes.length,
    open: () => Readable.from(chunksOf(bytes), { objectMode: false }),
  };
}
