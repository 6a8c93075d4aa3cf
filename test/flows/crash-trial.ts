/**
 * Ends a real Node-RED in the middle of a stream of msgs, starts it again, and compares the books of the mail server with
 * what the nodes had taken. A msg counts as taken when a later one of the same node is done: nodes work in order, and a
 * bad address is done at once.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { firstOf, slow, type Script } from '../servers/fault-script';
import {
  startFaultServer,
  type FaultServer,
  type FaultServerOptions,
  type LedgerEntry,
} from '../servers/fault-server';
import { startNodeRed, type FlowNode, type NodeRed } from './node-red';

export interface Trial {
  /** Msgs of the stream, half of them mailed at once, half in batches. */
  msgs: number;
  signal: 'SIGKILL' | 'SIGTERM';
  /** From 0 to 1: where in the stream the process ends. */
  moment: number;
  /** How the connector logs in, and what the mail server does besides taking its time. */
  login?: {
    connector: Record<string, unknown>;
    credentials: Record<string, string>;
    server: Pick<FaultServerOptions, 'auth' | 'token' | 'script'>;
  };
}

export interface Verdict {
  /** Msgs that the nodes had taken when the process ended. */
  taken: number;
  /** Taken msgs that the server never got. */
  missing: string[];
  /** Msgs that the server accepted more than once, by Message-ID of their mails. */
  duplicates: { msg: string; messageIds: string[] }[];
}

const CONNECTOR = 'c0000001';
const NODES = { single: 'c0000002', batch: 'c0000003' };
const INPUTS = { single: 'c0000004', batch: 'c0000005' };
/** Msgs between two barriers. */
const STEP = 10;

function flows({ host, port }: FaultServer, login: Trial['login']): FlowNode[] {
  const sendEmail = (id: string, more: object): FlowNode => ({
    id,
    type: 'send-email',
    z: 'c0000000',
    server: CONNECTOR,
    from: 'plant@example.com',
    subject: 'stream',
    template: '[{{payload}}]',
    format: 'text',
    wires: [[], []],
    ...more,
  });
  const input = (id: string, to: string): FlowNode => ({
    id,
    type: 'probe-in',
    z: 'c0000000',
    wires: [[to]],
  });
  return [
    { id: 'c0000000', type: 'tab', label: 'stream' },
    {
      id: CONNECTOR,
      type: 'email-server-connector',
      title: 'durable',
      properties: `mail.smtp.host=${host}\nmail.smtp.port=${port}`,
      outbox: 'disk',
      connections: 2,
      ...login?.connector,
      ...(login && { credentials: login.credentials }),
    },
    sendEmail(NODES.single, {}),
    sendEmail(NODES.batch, { batchSize: 7, batchTimeout: 1 }),
    input(INPUTS.single, NODES.single),
    input(INPUTS.batch, NODES.batch),
  ];
}

/** The msgs named in a mail. */
function msgsOf({ body }: LedgerEntry): string[] {
  const text = body?.toString('latin1') ?? '';
  return [...text.slice(text.indexOf('\r\n\r\n')).matchAll(/\[([a-z]+-\d+)\]/g)].map(
    ([, msg]) => msg as string,
  );
}

/** Sends the stream into one node; what was surely taken is in `taken`. Ends without a word when the process is told to. */
async function stream(
  red: NodeRed,
  kind: 'single' | 'batch',
  msgs: number,
  taken: Set<string>,
  ending: () => boolean,
): Promise<void> {
  try {
    for (let start = 0; start < msgs; start += STEP) {
      const names = Array.from({ length: Math.min(STEP, msgs - start) }, (_, i) => `${kind}-${start + i}`);
      const barrier = `barrier-${kind}-${start}`;
      await red.send(
        INPUTS[kind],
        ...names.map((name) => ({ _msgid: name, payload: name, to: 'operator@example.com' })),
        { _msgid: barrier, to: 'no address' },
      );
      const { error } = await red.dones.waitForOne(({ msgid }) => msgid === barrier, 20_000);
      // Without an error it was ignored, and said so: the connector had stopped already.
      if (!error) return;
      names.forEach((name) => taken.add(name));
    }
  } catch (error) {
    if (!ending()) throw error;
  }
}

/** Runs one trial; the server answers each body after 0 to 10 ms, so that ends fall into every phase. */
export async function runTrial({ msgs, signal, moment, login }: Trial): Promise<Verdict> {
  let replies = 0;
  const busy: Script = ({ phase }) => (phase === 'dot' ? slow(replies++ % 11) : undefined);
  const script = login?.server.script ? firstOf(login.server.script, busy) : busy;
  const server = await startFaultServer({ ...login?.server, script, keepBodies: true });
  const userDir = await mkdtemp(path.join(tmpdir(), 'crash-trial-'));
  try {
    const taken = new Set<string>();
    const first = await startNodeRed({ userDir });
    await first.deploy(flows(server, login));
    const half = Math.ceil(msgs / 2);
    let ending = false;
    const streams = Promise.all([
      stream(first, 'single', half, taken, () => ending),
      stream(first, 'batch', msgs - half, taken, () => ending),
    ]);
    await server.ledger.waitFor(Math.max(1, Math.floor((half + half / 7) * moment)), 60_000);
    ending = true;
    await first.stop(signal);
    await streams;

    const second = await startNodeRed({ userDir });
    const missing = new Set(taken);
    try {
      for (let read = 0; missing.size > 0; read += 1) {
        if (read >= server.ledger.items.length) await server.ledger.waitFor(read + 1, 20_000);
        for (const name of msgsOf(server.ledger.items[read] as LedgerEntry)) missing.delete(name);
      }
    } catch {
      // The verdict tells what did not come.
    }
    await second.stop('SIGTERM');
    return { taken: taken.size, missing: [...missing], duplicates: duplicatesIn(server.ledger.items) };
  } finally {
    await server.close();
    await rm(userDir, { recursive: true, force: true });
  }
}

function duplicatesIn(ledger: readonly LedgerEntry[]): Verdict['duplicates'] {
  const mails = new Map<string, string[]>();
  for (const entry of ledger) {
    for (const msg of msgsOf(entry)) mails.set(msg, [...(mails.get(msg) ?? []), entry.messageId]);
  }
  return [...mails].filter(([, ids]) => ids.length > 1).map(([msg, messageIds]) => ({ msg, messageIds }));
}
