/** An outbox with a transport to a mail server: all that stands between a flow and the network, without Node-RED. */
import assert from 'node:assert/strict';
import type { Clock } from '../../nodes/clock';
import { createDiskStore } from '../../nodes/store/disk/disk-store';
import { createMemoryStore } from '../../nodes/store/memory';
import { createOutbox, type Leftovers, type Outbox, type Policy } from '../../nodes/outbox/outbox';
import type { EmailResult } from '../../nodes/types';
import { eventsWith, POLICY, receiverFor, transportTo, type Login } from '../builders';
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
  login?: Login;
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
    receiver: receiverFor((result) => results.add(result)),
    events: eventsWith({
      changed() {
        const problem = outbox.problem();
        if (problem && working) problems.add(problem.error.code);
        working = problem === null;
      },
      onError: (error) => troubles.push(error),
    }),
    random: () => 0,
    ...(clock ? { clock } : {}),
  });
  const left = await outbox.open();
  const transport = transportTo(server, {
    properties: [...(login ? ['mail.smtp.auth=true'] : []), ...(options.properties ?? [])],
    connections: policy.connections,
    ...(login && { login }),
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
