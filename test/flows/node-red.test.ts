import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { startNodeRed, type FlowNode, type NodeRed } from './node-red';

describe('the Node-RED of the tests', () => {
  let red: NodeRed;
  before(async function () {
    this.timeout(30_000);
    red = await startNodeRed({ env: { PLANT: 'north' } });
  });
  after(() => red.stop());

  const tab: FlowNode = { id: 'aa01', type: 'tab', label: 'tab' };
  const through: FlowNode[] = [
    tab,
    { id: 'aa02', type: 'probe-in', z: 'aa01', wires: [['aa03']] },
    { id: 'aa03', type: 'probe', z: 'aa01', wires: [] },
  ];

  it('carries msgs in and out, with Buffers, dates and circles in them', async () => {
    await red.deploy(through);
    const circle: Record<string, unknown> = { name: 'circle' };
    circle['self'] = circle;
    await red.send(
      'aa02',
      { payload: Buffer.from([1, 255]), circle, when: new Date(0) },
      { payload: 'second' },
    );
    const [first, second] = await red.probe('aa03').waitFor(2);
    assert.deepEqual(Buffer.from(first?.['payload']), Buffer.from([1, 255]));
    assert.equal(first?.['circle'].self.name, 'circle');
    assert.equal(first?.['when'].getTime(), 0);
    assert.equal(second?.['payload'], 'second');
    assert.ok(second?.['_msgid']);
  });

  it('presses inject buttons, and gives the environment to the flows', async () => {
    await red.deploy([
      tab,
      {
        id: 'aa04',
        type: 'inject',
        z: 'aa01',
        props: [{ p: 'payload', v: 'PLANT', vt: 'env' }],
        repeat: '',
        crontab: '',
        once: false,
        wires: [['aa05']],
      },
      { id: 'aa05', type: 'probe', z: 'aa01', wires: [] },
    ]);
    await red.inject('aa04');
    assert.equal((await red.probe('aa05').next())['payload'], 'north');
  });

  it('loads both nodes of the package from its build', async () => {
    const { body } = await red.request('GET', '/nodes/@email-server-connector/node-red-send-email');
    const types = body.nodes.flatMap((set: { types: string[]; enabled: boolean; err?: unknown }) => {
      assert.equal(set.err, undefined);
      return set.enabled ? set.types : [];
    });
    assert.deepEqual(types.sort(), ['email-server-connector', 'send-email']);
    await red.deploy([tab, { id: 'aa06', type: 'email-server-connector', title: 't', autostart: false }]);
    assert.doesNotMatch(red.logs(), /missing types/i);
  });

  it('keeps credentials given with a node encrypted and out of the flows', async () => {
    await red.deploy([
      tab,
      {
        id: 'aa07',
        type: 'email-server-connector',
        title: 't',
        autostart: false,
        credentials: { username: 'someone', password: 'opensesame' },
      },
    ]);
    const stored = await red.request('GET', '/credentials/email-server-connector/aa07');
    assert.deepEqual(stored.body, {
      username: 'someone',
      has_password: true,
      has_clientSecret: false,
      has_refreshToken: false,
      has_serviceAccountKey: false,
    });
    assert.doesNotMatch(JSON.stringify((await red.request('GET', '/flows')).body), /opensesame/);
    const file = path.join(red.userDir, 'flows_cred.json');
    assert.ok(existsSync(file));
    assert.doesNotMatch(await readFile(file, 'utf8'), /opensesame/);
  });

  it('says what it wrote when a wait runs out', async () => {
    await red.deploy(through);
    await assert.rejects(
      red.probe('aa03').waitFor(99, 20),
      /waited 20 ms[^]*Node-RED said:[^]*Started flows/,
    );
    await assert.rejects(red.send('no such node', {}), /there is no probe-in no such node/);
  });

  it('tells how the process ended, and ends every wait with it', async function () {
    this.timeout(30_000);
    const other = await startNodeRed();
    const waiting = assert.rejects(other.probe('never').next(20_000), /Node-RED ended with/);
    const { code, ms } = await other.stop('SIGTERM');
    await waiting;
    assert.equal(code, 0);
    assert.ok(ms < 5_000);
    assert.equal(existsSync(other.userDir), false);
  });
});
