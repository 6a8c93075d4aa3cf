/** What is tried with each server: a flow, some msgs, and what has to come of them. */
import assert from 'node:assert/strict';
import { certificatePath } from '../servers/certificates';
import type { Inbox } from '../servers/inbox';
import { isProblem, mailFlow, type MailFlow, type MailFlowParts } from '../flows/mail-flow';
import type { FlowMsg, NodeRed } from '../flows/node-red';
import { ACCOUNT, TOKEN, type Feature, type InteropServer } from './server';

export interface Trial {
  red: NodeRed;
  server: InteropServer;
  /** Gets every mail that the server took. */
  sink: Inbox;
  port: number;
}

export interface Scenario {
  feature: Feature;
  /** As the table names it. */
  title: string;
  run(trial: Trial): Promise<void>;
}

const STARTTLS = ['mail.smtp.starttls.enable=true', 'mail.smtp.starttls.required=true'];
const TLS_NODE = 'f7150001';
/** The longest wait for the outcomes of a scenario, ms. */
const PATIENCE = 60_000;

let serial = 0;

/** Msgs with subjects that no other scenario has. */
function msgs(count: number, more: FlowMsg = {}): FlowMsg[] {
  return Array.from({ length: count }, () => ({ topic: `mail ${++serial}`, payload: 'text', ...more }));
}

async function deploy(trial: Trial, parts: Omit<MailFlowParts, 'server'>): Promise<MailFlow> {
  const { red, port } = trial;
  const flow = mailFlow(red, { server: { host: 'localhost', port }, ...parts });
  const tls = {
    id: TLS_NODE,
    type: 'tls-config',
    name: 'test authority',
    cert: '',
    key: '',
    ca: certificatePath('ca.pem'),
    certname: '',
    keyname: '',
    caname: '',
    servername: '',
    verifyservercert: true,
  };
  await red.deploy([...flow.nodes, tls]);
  return flow;
}

/** Sends msgs; each has to be told as sent and to be at the sink once. */
async function sendAll(trial: Trial, flow: MailFlow, all: FlowMsg[]): Promise<void> {
  await flow.send(...all);
  await allArrive(trial, flow, all);
}

async function allArrive(trial: Trial, flow: MailFlow, all: FlowMsg[]): Promise<void> {
  const sent = await flow.sent.waitFor(all.length, PATIENCE);
  assert.deepEqual(
    sent.map(({ email }) => email.subject as string).sort(),
    all.map(({ topic }) => topic as string).sort(),
  );
  const topics = new Set(all.map(({ topic }) => topic as string));
  const arrived = async () => (await subjectsAt(trial)).filter((subject) => topics.has(subject));
  const end = Date.now() + PATIENCE;
  while ((await arrived()).length < all.length && Date.now() < end)
    await new Promise((resolve) => setTimeout(resolve, 50));
  const subjects = await arrived();
  assert.equal(new Set(subjects).size, all.length, 'every mail is at the sink');
  assert.equal(subjects.length, all.length, 'none is there twice');
  assert.equal(flow.failed.items.length, 0);
}

/** The subjects of all mails that the server took and still has, or handed on. */
async function subjectsAt({ server, sink }: Trial): Promise<string[]> {
  return server.subjects?.() ?? sink.mails.items.map(({ parsed }) => parsed.subject ?? '');
}

const login = (mechanism: string, more: string[] = []) => ({
  properties: ['mail.smtp.auth=true', `mail.smtp.auth.mechanisms=${mechanism}`, ...STARTTLS, ...more],
  credentials: { username: ACCOUNT.user, password: mechanism === 'XOAUTH2' ? TOKEN : ACCOUNT.password },
  connector: { tls: TLS_NODE },
});

const loginScenario = (mechanism: 'PLAIN' | 'LOGIN' | 'CRAM-MD5' | 'XOAUTH2'): Scenario => ({
  feature: `login ${mechanism}`,
  title: `login with ${mechanism}`,
  async run(trial) {
    const flow = await deploy(trial, login(mechanism));
    await sendAll(trial, flow, msgs(10));
  },
});

/** A mail to two people of whom one is refused. */
async function oneRefused(trial: Trial): Promise<void> {
  const flow = await deploy(trial, { sendEmail: { to: 'operator@example.com, nobody@example.com' } });
  const [one = {}] = msgs(1);
  await flow.send(one);
  const [sent] = await flow.sent.waitFor(1, PATIENCE);
  assert.deepEqual(sent?.email.accepted, ['operator@example.com']);
  assert.deepEqual(
    sent?.email.rejected.map(({ address }: { address: string }) => address),
    ['nobody@example.com'],
  );
  const [failed] = await flow.failed.waitFor(1, PATIENCE);
  assert.equal(failed?.email.error.code, 'RECIPIENT');
}

async function refusedContent(trial: Trial, more: FlowMsg, code: RegExp): Promise<void> {
  const flow = await deploy(trial, trial.server.ports.plain === undefined ? login('PLAIN') : {});
  const [bad = {}] = msgs(1, more);
  const good = msgs(3);
  await flow.send(bad, ...good);
  const [failed] = await flow.failed.waitFor(1, PATIENCE);
  assert.match(failed?.email.error.code as string, code);
  assert.equal((await flow.sent.waitFor(3, PATIENCE)).length, 3);
}

export const SCENARIOS: readonly Scenario[] = [
  {
    feature: 'plain',
    title: '100 mails over 5 connections, no TLS',
    async run(trial) {
      const flow = await deploy(trial, { connector: { connections: 5 } });
      await sendAll(trial, flow, msgs(100));
    },
  },
  {
    feature: 'starttls',
    title: 'STARTTLS with a CA of the user',
    async run(trial) {
      const flow = await deploy(trial, { properties: STARTTLS, connector: { tls: TLS_NODE } });
      await sendAll(trial, flow, msgs(10));
    },
  },
  {
    feature: 'implicit',
    title: 'implicit TLS with a CA of the user',
    async run(trial) {
      const properties = ['mail.smtp.ssl.enable=true'];
      const flow = await deploy(
        trial,
        // A submission service takes nothing without a login.
        trial.server.ports.plain === undefined
          ? { ...login('PLAIN'), properties: ['mail.smtp.auth=true', ...properties] }
          : { properties, connector: { tls: TLS_NODE } },
      );
      await sendAll(trial, flow, msgs(10));
    },
  },
  loginScenario('PLAIN'),
  loginScenario('LOGIN'),
  loginScenario('CRAM-MD5'),
  loginScenario('XOAUTH2'),
  {
    feature: 'login PLAIN',
    title: 'a wrong password holds the mails, the right one sends them',
    async run(trial) {
      const right = login('PLAIN');
      const flow = await deploy(trial, {
        ...right,
        credentials: { ...right.credentials, password: 'wrong' },
      });
      const all = msgs(5);
      await flow.send(...all);
      const path = `/email-server-connector/${flow.ids.connector}`;
      await flow.connectorStatuses.waitForOne(
        ({ fill, text }) => fill === 'yellow' && /login/i.test(text ?? ''),
        PATIENCE,
      );
      assert.equal((await trial.red.request('GET', path)).body.problem.error.code, 'AUTH');
      assert.equal(flow.failed.items.length, 0);
      const mended = flow.nodes.map((node) =>
        node.id === flow.ids.connector ? { ...node, credentials: right.credentials } : node,
      );
      const tls = {
        id: TLS_NODE,
        type: 'tls-config',
        name: '',
        cert: '',
        key: '',
        ca: certificatePath('ca.pem'),
        certname: '',
        keyname: '',
        caname: '',
        servername: '',
        verifyservercert: true,
      };
      await trial.red.deploy([...mended, tls]);
      await allArrive(trial, flow, all);
    },
  },
  { feature: 'refused recipient', title: 'one of two recipients is refused', run: oneRefused },
  {
    feature: 'greylisting',
    title: 'a greylisted recipient gets the mail at the next attempt',
    async run(trial) {
      const flow = await deploy(trial, { sendEmail: { to: 'grey@example.com' } });
      await sendAll(trial, flow, msgs(1));
      assert.equal(flow.sent.items[0]?.email.attempts, 2);
    },
  },
  {
    feature: 'size limit',
    title: 'a mail that is too large fails, the others go on',
    run: (trial) =>
      refusedContent(
        trial,
        { attachments: [{ filename: 'a.bin', content: 'x'.repeat(300_000) }] },
        /^TOO_LARGE$/,
      ),
  },
  {
    feature: 'header check',
    title: 'a refused content fails, the others go on',
    run: (trial) => refusedContent(trial, { topic: 'forbidden' }, /^(?:REFUSED|CONTENT)$/),
  },
  {
    feature: 'connection limit',
    title: '40 mails with 5 connections where one is allowed',
    async run(trial) {
      const flow = await deploy(trial, { connector: { connections: 5 } });
      await sendAll(trial, flow, msgs(40));
      assert.deepEqual(flow.connectorStatuses.items.filter(isProblem), []);
    },
  },
  {
    feature: 'rate limit',
    title: 'mails above the rate of the server wait',
    async run(trial) {
      const flow = await deploy(trial, {});
      await flow.send(...msgs(30));
      await flow.sent.waitFor(20, PATIENCE);
      await flow.connectorStatuses.waitForOne(isProblem, PATIENCE);
      const path = `/email-server-connector/${flow.ids.connector}`;
      assert.equal((await trial.red.request('GET', path)).body.problem.error.code, 'RATE');
      assert.equal(flow.failed.items.length, 0);
    },
  },
  {
    feature: 'idle timeout',
    title: 'a connection that the server closed at rest costs nothing',
    async run(trial) {
      const flow = await deploy(trial, { connector: { connections: 1 } });
      await sendAll(trial, flow, msgs(1));
      // The server hangs up after two seconds of silence.
      await new Promise((resolve) => setTimeout(resolve, 3_000));
      const all = msgs(5);
      await flow.send(...all);
      await flow.sent.waitFor(6, PATIENCE);
      assert.ok(flow.sent.items.every(({ email }) => email.attempts === 1));
    },
  },
  {
    feature: 'restart',
    title: 'a restart in the middle of 600 mails',
    async run(trial) {
      const flow = await deploy(trial, { connector: { outbox: 'disk', connections: 5 } });
      const all = msgs(600);
      await flow.send(...all);
      await flow.sent.waitFor(100, PATIENCE);
      await trial.server.restart?.();
      await allArrive(trial, flow, all);
    },
  },
];
