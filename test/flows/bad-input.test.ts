import assert from 'node:assert/strict';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startInbox, type Inbox } from '../servers/inbox';
import { deployMailFlow } from './mail-flow';
import type { FlowMsg, NodeRed } from './node-red';
import { sharedNodeRed } from './shared-node-red';

/** A msg, and what has to become of it: a mail, or an error that names field and value. */
interface Case {
  msg: FlowMsg;
  error?: RegExp;
}

const GOOD = 'operator@example.com';

/** What a mail library would take in silence, and the part of it that the error has to show. */
const BROKEN_ADDRESSES: [unknown, RegExp][] = [
  ['b@example.com, not-an-address', /\bto\b.*not-an-address/],
  ['a@example.com b@example.com', /\bto\b.*a@example\.com b@example\.com/],
  [['a@example.com', 5], /\bto\[1\].*5/],
  ['"x" <a@example.com>, bad', /\bto\b.*bad/],
  ['undefined', /\bto\b.*undefined/],
  ['not-an-address', /\bto\b.*not-an-address/],
  ['a@@example.com', /\bto\b.*a@@example\.com/],
  ['a@example.com\r\nRCPT TO:<evil@example.com>', /\bto\b.*RCPT TO:<evil/],
  [{ address: 'a@example.com\r\nX: y' }, /\bto\b.*a@example\.com/],
  [`${'x'.repeat(5_000_000)}@example.com`, /\bto\b.*xxx/],
];

function circular(): object {
  const payload: Record<string, unknown> = { name: 'circle' };
  payload['self'] = payload;
  return payload;
}

const MAKERS: ((index: number) => Case)[] = [
  (index) => ({ msg: { to: GOOD, payload: `good ${index}` } }),
  (index) => ({ msg: { to: GOOD, payload: { level: index, text: "O'Brien & Co <pump>" } } }),
  () => ({ msg: { payload: 'nobody' }, error: /\bto\b|recipient/i }),
  (index) => {
    const [to, error] = BROKEN_ADDRESSES[index % BROKEN_ADDRESSES.length] as [unknown, RegExp];
    return { msg: { to, payload: 'broken' }, error };
  },
  () => ({ msg: { to: GOOD, file: 'no such file.csv', payload: 'missing file' } }),
  () => ({ msg: { to: GOOD, payload: circular() } }),
  (index) => ({ msg: { to: GOOD, payload: Buffer.from([0, 255, index]) } }),
  () => ({
    msg: { to: GOOD, payload: 'x', headers: { 'X-Plant': 'a\r\nBcc: evil@example.com' } },
    error: /X-Plant/,
  }),
  () => ({ msg: { to: GOOD, from: 'not a sender', payload: 'x' }, error: /\bfrom\b.*not a sender/ }),
  (index) => ({
    msg: { to: GOOD, payload: index < 50 ? 'y'.repeat(5_000_000) : { deep: [[[[null, undefined]]]] } },
  }),
];

describe('two hundred msgs, good and bad', () => {
  let red: NodeRed;
  let inbox: Inbox;
  let folder: string;
  before(async function () {
    this.timeout(30_000);
    red = await sharedNodeRed();
    inbox = await startInbox();
    folder = await mkdtemp(path.join(tmpdir(), 'bad-input-'));
  });
  after(async () => {
    await inbox.close();
    await rm(folder, { recursive: true, force: true });
  });

  it('each end in exactly one done(): the good in a mail, the bad in an error that names field and value', async function () {
    this.timeout(60_000);
    const flow = await deployMailFlow(red, {
      server: inbox,
      sendEmail: { from: '', to: '', attach: true, attachProperty: 'file', attachFolder: folder },
      properties: ['mail.from=plant@example.com'],
    });
    const cases = Array.from({ length: 200 }, (_, index) => {
      // Of ten kinds in turn, and within a kind in turn through its variants.
      const made = (MAKERS[index % 10] as (n: number) => Case)(Math.floor(index / 10));
      const _msgid = `case-${index}`;
      const msg: FlowMsg = { ...made.msg, _msgid, topic: _msgid };
      return { ...made, _msgid, msg };
    });
    // Large ones only at the start of their kind: two of them are enough.
    for (const one of cases.slice(20)) {
      const { payload } = one.msg;
      if (typeof payload === 'string' && payload.length > 1_000_000) one.msg.payload = 'small';
    }
    const good = cases.filter((one) => !one.error);
    const bad = cases.filter((one) => one.error);

    for (const one of cases) await flow.send(one.msg);
    const mails = await inbox.waitFor(good.length, 30_000);
    const completed = await flow.completed.waitFor(good.length, 30_000);
    const caught = await flow.caught.waitFor(bad.length, 30_000);
    await flow.sent.waitFor(good.length);
    await flow.failed.waitFor(bad.length);

    const ids = (msgs: readonly { _msgid?: unknown }[]): string[] =>
      msgs.map((msg) => String(msg._msgid)).sort();
    assert.deepEqual(ids(completed), ids(good));
    assert.deepEqual(ids(caught), ids(bad));
    assert.deepEqual(ids(flow.sent.items), ids(good));
    assert.deepEqual(ids(flow.failed.items), ids(bad));
    assert.deepEqual(mails.map((mail) => mail.parsed.subject).sort(), ids(good));
    const dones = red.dones.items.filter((done) => done.node === flow.ids.sendEmail);
    assert.deepEqual(ids(dones.map((done) => ({ _msgid: done.msgid }))), ids(cases));

    for (const one of bad) {
      const error = caught.find((msg) => msg._msgid === one._msgid)?.error.message as string;
      assert.match(error, one.error as RegExp, `${one._msgid}: ${error.slice(0, 300)}`);
      assert.ok(error.length < 1_000, `${one._msgid}: the message has ${error.length} characters`);
      const failed = flow.failed.items.find((msg) => msg._msgid === one._msgid);
      assert.equal(failed?.email.status, 'failed');
      assert.ok(failed.email.error.code);
    }
    for (const mail of mails) assert.deepEqual(mail.envelope.to, [GOOD]);
    const missing = flow.sent.items.filter((msg) => msg.payload === 'missing file');
    assert.equal(missing.length, 20);
    for (const msg of missing) assert.equal(msg.email.skippedAttachments[0].filename, 'no such file.csv');
    assert.equal(red.exit(), undefined);
  });
});
