import assert from 'node:assert/strict';
import {
  deployConnector,
  type ConnectorHost,
  type DeployedConnector,
} from '../../nodes/connector/deployed-connector';
import { createListeners, type Listeners } from '../../nodes/connector/listeners';
import { createOutboxes, outboxFolder, type Outboxes } from '../../nodes/connector/outboxes';
import type { StatusView } from '../../nodes/connector/status';
import type { ConnectorUser } from '../../nodes/connector/users';
import type { KeptEvent } from '../../nodes/store/store';
import { newMail } from '../builders';
import { closedAfterEach } from '../servers/closing';
import { at, reply, type Script } from '../servers/fault-script';
import { startFaultServer } from '../servers/fault-server';
import { createJournal, type Journal } from '../servers/journal';
import { openStore, useFolder } from '../store/disk/disk-fixture';

describe('a connector as a deploy made it', () => {
  const opened = closedAfterEach();
  const folder = useFolder();
  let listeners: Listeners;
  let outboxes: Outboxes;
  let statuses: Journal<StatusView>;
  /** `error`, `warn` or `log`, and the text. */
  let told: Journal<string>;
  let deployed: DeployedConnector[];
  let nodeRedUsers: ConnectorHost['users'];

  beforeEach(() => {
    listeners = createListeners();
    outboxes = createOutboxes(listeners);
    statuses = createJournal('statuses', ({ text }) => text);
    told = createJournal('texts', (text) => text);
    deployed = [];
    nodeRedUsers = {};
  });
  afterEach(async () => {
    for (const one of deployed) await one.close(true);
  });

  function deploy(
    raw: Record<string, unknown>,
    credentials: ConnectorHost['credentials'] = {},
    more: Partial<ConnectorHost> = {},
  ): DeployedConnector {
    const said = new Set<string>();
    const one = deployConnector(
      {
        id: 'c',
        raw: { title: 'Account', outbox: 'memory', ...raw },
        credentials,
        env: () => undefined,
        tls: () => null,
        userDir: folder(),
        flows: Promise.resolve(),
        users: nodeRedUsers,
        status: (view) => statuses.add(view),
        error: (text) => told.add(`error ${text}`),
        warn: (text) => told.add(`warn ${text}`),
        warnOnce(text) {
          if (!said.has(text)) told.add(`warn ${text}`);
          said.add(text);
        },
        log: (text) => told.add(`log ${text}`),
        debug: () => undefined,
        logFault: (text) => assert.fail(text),
        translate: (key) => key,
        ...more,
      },
      outboxes,
    );
    deployed.push(one);
    return one;
  }

  /** The properties that lead to a mail server. */
  async function server(script?: Script) {
    const one = await opened(startFaultServer(script && { script }));
    return { ...one, properties: `mail.smtp.host=127.0.0.1\nmail.smtp.port=${one.port}` };
  }

  function userOf(id: string, z = 'tab'): ConnectorUser & { restored: KeptEvent[]; changes: number } {
    return {
      node: { id, z },
      restored: [],
      changes: 0,
      handOver: () => Promise.resolve(),
      restore(events) {
        this.restored.push(...events);
      },
      connectorChanged() {
        this.changes += 1;
      },
    };
  }

  it('starts by itself, shows its states and sends', async () => {
    const { properties, ledger } = await server();
    const { connector, title } = deploy({ properties });
    await statuses.waitForOne(({ text }) => text === 'RUN');
    assert.equal(title, 'Account');
    await connector.outbox().add(newMail());
    await ledger.waitFor(1);
  });

  it('does not start where autostart is off, and shows that', async () => {
    const { connector } = deploy({ properties: '', autostart: false });
    assert.equal((await statuses.next()).text, 'STOPPED');
    await connector.settled();
    assert.equal(connector.state(), 'STOPPED');
  });

  it('says once why it can not start, and shows it', async () => {
    const { connector } = deploy({ properties: 'mail.smtp.port=25' });
    const view = await statuses.waitForOne(({ text }) => text.startsWith('INIT_ERROR'));
    assert.deepEqual([view.fill, view.shape], ['red', 'ring']);
    await connector.settled();
    const errors = told.items.filter((text) => text.startsWith('error'));
    assert.equal(errors.length, 1);
    assert.match(errors[0] ?? '', /host/);
  });

  it('takes variables and warns of unknown keys, without the password in any text', async () => {
    const password = 'hunter2hunter2';
    const { connector } = deploy(
      { properties: `mail.smtp.host=\${HOST}\nmail.smtp.prot=${password}` },
      { username: 'ops', password },
      { env: (name) => (name === 'HOST' ? '127.0.0.1' : undefined) },
    );
    await connector.settled();
    assert.equal(connector.status().settings?.host, '127.0.0.1');
    assert.match(await told.waitForOne((text) => text.startsWith('warn')), /mail\.smtp\.prot/);
    assert.ok(told.items.every((text) => !text.includes(password)));
  });

  it('says of an outage once when it begins and once when it is over, and shows it', async () => {
    const one = await server(at('mail', reply('451 4.3.0 no space'), 1));
    const { connector } = deploy({ properties: one.properties });
    await connector.settled();
    await connector.outbox().add(newMail());
    await told.waitForOne((text) => text.startsWith('warn') && text.includes('no space'));
    assert.equal(
      (await statuses.waitForOne(({ fill, shape }) => fill === 'yellow' && shape === 'dot')).text.includes(
        '↻',
      ),
      true,
    );
    assert.match(connector.status().lastError?.message ?? '', /no space/);
    // What comes during the outage says nothing new.
    await connector.outbox().add(newMail());
    // A new start tries at once.
    await connector.stop();
    await connector.start();
    await one.ledger.waitFor(2);
    const warned = told.items.filter((text) => text.startsWith('warn'));
    assert.equal(warned.length, 1);
  });

  it('says why a mail waits, first as a warning', async () => {
    const { properties } = await server(at('rcpt', reply('450 4.2.0 greylisted')));
    const { connector } = deploy({ properties });
    await connector.settled();
    await connector.outbox().add(newMail(undefined, { subject: 'fire' }));
    assert.match(await told.next(), /^warn The mail "fire" waits for its next attempt: .*greylisted/);
  });

  it('says in its own name that a mail failed whose send-email node is gone', async () => {
    const { properties } = await server(at('rcpt', reply('550 5.1.1 nobody')));
    const { connector } = deploy({ properties });
    await connector.settled();
    await connector.outbox().add(newMail(undefined, { subject: 'fire', nodeId: 'gone' }));
    assert.match(await told.next(), /^error fire: .*nobody.*node gone is gone/);
    assert.equal(connector.status().lastError?.code, 'RECIPIENT');
  });

  it('does not, when the node hears of it', async () => {
    const { properties } = await server(at('rcpt', reply('550 5.1.1 nobody')));
    const { connector } = deploy({ properties });
    await connector.settled();
    const heard = createJournal<string>('outcomes', String);
    listeners.attach(
      { nodeId: 'n', onOutcome: ({ status }) => heard.add(status), onFailedMsg: () => undefined },
      Promise.resolve(),
    );
    await connector.outbox().add(newMail());
    assert.equal(await heard.next(), 'failed');
    await connector.stop();
    assert.deepEqual(told.items, []);
  });

  it('tells its users of each change, and hands status on to those in a tab', async () => {
    const { properties } = await server();
    const { connector, register, deregister } = deploy({ properties });
    const [inTab, outside] = [userOf('a'), userOf('b', '')];
    register(inTab);
    register(outside);
    assert.deepEqual(Object.keys(nodeRedUsers), ['a']);
    assert.equal(nodeRedUsers['a'], inTab.node);
    const before = inTab.changes;
    await connector.settled();
    assert.equal(inTab.changes, before + 2);
    // A successor of a new deploy is there already when the old one leaves.
    const successor = userOf('a');
    register(successor);
    deregister(inTab);
    assert.equal(nodeRedUsers['a'], successor.node);
    deregister(successor);
    assert.deepEqual(nodeRedUsers, {});
  });

  it('gives each node the events of an earlier process once, and names the nodes that do not come', async () => {
    const { store } = await openStore(outboxFolder(folder(), 'c'));
    for (const [id, nodeId] of [
      ['1', 'a'],
      ['2', 'gone'],
      ['3', 'late'],
    ] as const)
      await store.keepEvent({ id, nodeId, data: {} });
    await store.close();
    const { properties } = await server();
    const { connector, register } = deploy({ properties, outbox: 'disk' });
    const user = userOf('a');
    register(user);
    await connector.settled();
    assert.match(await told.next(), /^warn 2 events .*\(gone, late\)/);
    const late = userOf('late');
    register(late);
    const ids = ({ restored }: { restored: KeptEvent[] }) => restored.map(({ id }) => id);
    assert.deepEqual([ids(user), ids(late)], [['1'], ['3']]);
    await connector.stop();
    await connector.start();
    assert.deepEqual([ids(user), ids(late)], [['1'], ['3']]);
  });

  it('keeps its mails for the next deploy, and fails them when it is deleted', async () => {
    const { properties } = await server();
    const first = deploy({ properties });
    await first.connector.settled();
    await first.close(false);
    await first.connector.outbox().add(newMail(undefined, { nodeId: 'gone', subject: 'fire' }));
    const second = deploy({ properties, autostart: false });
    await second.close(true);
    assert.match(await told.next(), /fire: The connector Account was deleted with this mail waiting/);
  });

  it('keeps mails in memory where there is no user directory', async () => {
    const { properties } = await server();
    const { connector } = deploy({ properties, outbox: 'disk' }, {}, { userDir: undefined });
    await connector.settled();
    assert.equal(connector.state(), 'RUN');
    assert.equal(connector.initError(), null);
  });

  it('names the sender of mails that name none', async () => {
    const { properties } = await server();
    const named = deploy(
      { properties: `${properties}\nmail.from=ops@x.test` },
      { username: 'u', password: 'p' },
    );
    await named.connector.settled();
    const { mailFrom, username } = named.sender();
    assert.deepEqual([mailFrom, username], ['ops@x.test', 'u']);
  });
});
