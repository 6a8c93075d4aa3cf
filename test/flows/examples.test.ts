import assert from 'node:assert/strict';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { closedAfterEach } from '../servers/closing';
import { at, reply } from '../servers/fault-script';
import { startFaultServer } from '../servers/fault-server';
import { startInbox, type Inbox } from '../servers/inbox';
import type { FlowNode, NodeRed } from './node-red';
import { sharedNodeRed } from './shared-node-red';

const USER = 'plant@example.com';
const PASSWORD = 'of the examples';

/** An example as the import dialog brings it. */
async function example(name: string): Promise<FlowNode[]> {
  const file = path.join(__dirname, '..', '..', 'examples', `${name}.json`);
  return JSON.parse(await readFile(file, 'utf8')) as FlowNode[];
}

describe('the examples', () => {
  const opened = closedAfterEach();
  let red: NodeRed;
  let inbox: Inbox;
  before(async function () {
    this.timeout(30_000);
    red = await sharedNodeRed();
  });
  beforeEach(async () => {
    inbox = await opened(startInbox({ user: USER, password: PASSWORD, authInClear: true }));
  });

  /** What a user sets: the server and the login. The rest of the properties stays as it is. */
  function pointed(nodes: FlowNode[], servers: { [connector: string]: { port: number } } = {}): FlowNode[] {
    return nodes.map((node) => {
      if (node.type !== 'email-server-connector') return node;
      const rest = String(node['properties'])
        .split('\n')
        .filter((line) => !/^mail\.smtp\.(host|port|ssl|starttls|localhost)/.test(line));
      const { port } = servers[node.id] ?? inbox;
      const properties = ['mail.smtp.host=127.0.0.1', `mail.smtp.port=${port}`, ...rest].join('\n');
      const login = /auth=false/.test(properties)
        ? {}
        : { credentials: { username: USER, password: PASSWORD } };
      return { ...node, properties, outbox: 'memory', ...login };
    });
  }

  function idOf(nodes: FlowNode[], name: string): string {
    const node = nodes.find((one) => one['name'] === name);
    assert.ok(node, `there is no node ${name}`);
    return node.id;
  }

  it('1: a mail through an account with an app password', async () => {
    const nodes = await example('1 Gmail app password');
    await red.deploy(pointed(nodes));
    await red.inject(idOf(nodes, 'Say hello'));
    const mail = await inbox.nextMail();
    assert.equal(mail.session.user, USER);
    assert.deepEqual(mail.envelope.to, ['you@example.com']);
  });

  it('2: a report through a relay without login', async () => {
    const relay = await opened(startInbox());
    const nodes = await example('2 Corporate relay without login');
    await red.deploy(pointed(nodes, { '5e4de3a100020001': relay }));
    await red.inject(idOf(nodes, 'Shift report'));
    const mail = await relay.nextMail();
    assert.equal(mail.session.user, null);
    assert.equal(mail.envelope.from, 'node-red@example.com');
  });

  it('3: each alert at once, alone, to the whole list, marked as urgent', async () => {
    const nodes = await example('3 Security alerts');
    await red.deploy(pointed(nodes));
    await red.inject(idOf(nodes, 'Door forced'));
    await red.inject(idOf(nodes, 'Smoke detected'));
    const mails = await inbox.waitFor(2);
    for (const { envelope, parsed } of mails) {
      assert.deepEqual(envelope.to, ['security@example.com', 'duty@example.com']);
      assert.equal(parsed.headers.get('priority'), 'high');
    }
  });

  it('4: a burst of events as one mail with a file, and none of the other line in it', async () => {
    const nodes = (await example('4 High-volume digest')).map((node) =>
      node.type === 'send-email' ? { ...node, batchTimeout: 1 } : node,
    );
    await red.deploy(pointed(nodes));
    await red.inject(idOf(nodes, 'Burst of line 1'));
    await red.inject(idOf(nodes, 'Burst of line 2'));
    const mails = await inbox.waitFor(2);
    for (const { parsed } of mails) {
      assert.match(parsed.text ?? '', /12 \|/);
      assert.equal(parsed.attachments[0]?.filename, 'alarms.csv');
    }
    assert.notEqual(mails[0]?.parsed.subject, mails[1]?.parsed.subject);
  });

  it('5: a file that was created in the folder, once', async function () {
    this.timeout(30_000);
    const folder = await mkdtemp(path.join(tmpdir(), 'example-'));
    try {
      const nodes = (await example('5 File created with attachment')).map((node) =>
        node.type === 'tab' ? { ...node, env: [{ name: 'FOLDER', value: folder, type: 'str' }] } : node,
      );
      await red.deploy(pointed(nodes));
      await red.inject(idOf(nodes, 'Make a report'));
      const { parsed } = await inbox.waitForMail(() => true, 20_000);
      assert.match(parsed.attachments[0]?.filename ?? '', /^report .*\.csv$/);
    } finally {
      await red.deploy([]);
      await rm(folder, { recursive: true, force: true });
    }
  });

  it('6: a test mail, with the dialogue in the log, and a connector that stops and starts', async () => {
    const nodes = await example('6 Troubleshooting');
    await red.deploy(pointed(nodes));
    await red.inject(idOf(nodes, 'Send a test mail'));
    await inbox.nextMail();
    assert.match(red.logs(), /\[session \d+\] C: MAIL FROM:<plant@example\.com>/);
    const states = red.statuses('5e4de3a100060001');
    await red.inject(idOf(nodes, 'Stop'));
    await states.waitForOne(({ text }) => text === 'STOPPED');
    await red.inject(idOf(nodes, 'Start'));
    await red.inject(idOf(nodes, 'Send a test mail'));
    await inbox.waitFor(2);
  });

  it('7: an alarm that the main account refuses, through the other one with the reason', async () => {
    const main = await opened(
      startFaultServer({ auth: ['PLAIN'], script: at('dot', reply('554 5.7.1 refused here')) }),
    );
    const nodes = await example('7 Fallback connector');
    await red.deploy(pointed(nodes, { '5e4de3a100070001': main }));
    await red.inject(idOf(nodes, 'Raise an alarm'));
    const { parsed } = await inbox.nextMail();
    assert.match(`${parsed.subject} ${parsed.text}`, /refused here/);
  });
});
