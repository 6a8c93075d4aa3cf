/** Msgs that can not be read, cloned or walked through to their end: no such msg may end the process. */
import assert from 'node:assert/strict';
import { startInbox, type Inbox } from '../servers/inbox';
import { mailFlow, type MailFlow } from './mail-flow';
import type { FlowMsg, FlowNode, NodeRed } from './node-red';
import { sharedNodeRed } from './shared-node-red';

const MAKE = 'f7150030';

/** What a function node makes of a msg; none of it survives the way into the process. */
const MAKER = `
const throwing = () => ({ enumerable: true, get() { throw new Error('boom'); } });
const revoked = () => { const { proxy, revoke } = Proxy.revocable({}, {}); revoke(); return proxy; };
const deep = () => JSON.parse('{"a":'.repeat(20000) + '1' + '}'.repeat(20000));
const kinds = {
  'getter': () => Object.defineProperty(msg, 'boom', throwing()),
  'getter in the payload': () => { msg.payload = Object.defineProperty({}, 'boom', throwing()); },
  'revoked proxy': () => { msg.other = revoked(); },
  'revoked payload': () => { msg.payload = revoked(); },
  'revoked recipient': () => { msg.to = revoked(); },
  'deep payload': () => { msg.payload = deep(); },
};
kinds[msg.kind]();
return msg;`;

const KINDS = [
  'getter',
  'getter in the payload',
  'revoked proxy',
  'revoked payload',
  'revoked recipient',
  'deep payload',
];

const idsOf = (msgs: readonly FlowMsg[]): string[] => msgs.map(({ _msgid }) => String(_msgid)).sort();

describe('a msg that can not be read', () => {
  let red: NodeRed;
  let inbox: Inbox;
  before(async function () {
    this.timeout(30_000);
    red = await sharedNodeRed();
    inbox = await startInbox();
  });
  after(() => inbox.close());

  async function deploy(sendEmail: Record<string, unknown>): Promise<MailFlow> {
    const flow = mailFlow(red, { server: inbox, sendEmail });
    const maker: FlowNode = {
      id: MAKE,
      type: 'function',
      z: flow.ids.tab,
      func: MAKER,
      outputs: 1,
      wires: [[flow.ids.sendEmail]],
    };
    const nodes = flow.nodes.map((node) =>
      node.id === flow.ids.input ? { ...node, wires: [[MAKE]] } : node,
    );
    await red.deploy([...nodes, maker]);
    return flow;
  }

  const nodes: [string, Record<string, unknown>, string[]][] = [
    ['a node that can mail it', {}, [...KINDS.map((kind) => `a node that can mail it: ${kind}`), 'end']],
    ['a node without recipients', { to: '' }, []],
    ['a node that is not configured', { template: '{{#open}}' }, []],
  ];
  for (const [what, sendEmail, mailed] of nodes) {
    it(`has one outcome and one done() at ${what}, and Node-RED goes on`, async function () {
      this.timeout(40_000);
      const flow = await deploy(sendEmail);
      for (const kind of KINDS) {
        await flow.send({ _msgid: `${what}: ${kind}`, topic: 'odd', kind, payload: 'x' });
      }
      const outcomes = () => [...flow.sent.items, ...flow.failed.items];
      const dones = () => red.dones.items.filter(({ node }) => node === flow.ids.sendEmail);
      await red.dones.waitForOne(() => dones().length >= KINDS.length);
      await flow.send({ _msgid: 'end', kind: 'getter', topic: 'end' });
      await red.dones.waitForOne(({ node, msgid }) => node === flow.ids.sendEmail && msgid === 'end');
      const all = () => outcomes().length > KINDS.length;
      await Promise.any([flow.sent.waitForOne(all), flow.failed.waitForOne(all)]);
      const ids = [...KINDS.map((kind) => `${what}: ${kind}`), 'end'].sort();
      assert.deepEqual(idsOf(outcomes()), ids);
      assert.deepEqual(idsOf(flow.sent.items), [...mailed].sort());
      for (const msg of outcomes()) {
        assert.equal(msg.status ?? msg.email.status, flow.sent.items.includes(msg) ? 'sent' : 'failed');
      }
      assert.deepEqual(
        dones()
          .map(({ msgid }) => msgid)
          .sort(),
        ids,
      );
      assert.equal(red.exit(), undefined);
    });
  }
});
