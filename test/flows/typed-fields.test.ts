import assert from 'node:assert/strict';
import { startInbox, type Inbox } from '../servers/inbox';
import { deployMailFlow, mailFlow } from './mail-flow';
import { startNodeRed, type NodeRed } from './node-red';

describe('fields that are no templates', () => {
  let red: NodeRed;
  let inbox: Inbox;
  before(async function () {
    this.timeout(30_000);
    inbox = await startInbox();
    red = await startNodeRed({
      env: { BOSS: 'boss@example.com' },
      settings: {
        contextStorage: {
          default: { module: 'memory' },
          disk: { module: 'localfilesystem', config: { cache: false } },
        },
        functionGlobalContext: { duty: [{ name: 'Duty', address: 'duty@example.com' }] },
      },
    });
  });
  after(async () => {
    await red.stop();
    await inbox.close();
  });

  it('take their values from the msg, both contexts and their stores, the environment and expressions', async () => {
    const setter = {
      id: 'f0f0f0f0f0f0f0f1',
      type: 'function',
      // That store answers later.
      func: `flow.set('who', 'three@example.com');
        flow.set('list', ['one@example.com', 'two@example.com'], 'disk', () => node.send(msg));`,
    };
    const flow = mailFlow(red, {
      server: inbox,
      sendEmail: {
        from: 'sender',
        fromType: 'msg',
        to: '#:(disk)::list',
        toType: 'flow',
        cc: 'duty',
        ccType: 'global',
        bcc: 'BOSS',
        bccType: 'env',
        replyTo: '[$flowContext("who"), $globalContext("duty").address]',
        replyToType: 'jsonata',
        subject: '"Level " & payload.level & " of " & $env("BOSS")',
        subjectType: 'jsonata',
      },
      more: [setter],
    });
    const input = flow.nodes.find(({ id }) => id === flow.ids.input);
    const nodes = flow.nodes.map((node) => {
      if (node === input) return { ...node, wires: [[setter.id]] };
      return node.id === setter.id ? { ...node, wires: [[flow.ids.sendEmail]] } : node;
    });
    await red.deploy(nodes);
    await flow.send({
      sender: { name: 'Plant', address: 'plant@example.com' },
      payload: { level: 7 },
      cc: 'not@example.com',
    });

    const { envelope, parsed } = await inbox.nextMail();
    assert.deepEqual(envelope, {
      from: 'plant@example.com',
      to: ['one@example.com', 'two@example.com', 'duty@example.com', 'boss@example.com'],
    });
    assert.equal(parsed.from?.text, '"Plant" <plant@example.com>');
    assert.equal(parsed.subject, 'Level 7 of boss@example.com');
    assert.deepEqual(
      parsed.replyTo?.value.map(({ address }) => address),
      ['three@example.com', 'duty@example.com'],
    );
  });

  it('keep events apart by any value, and read a property by another', async () => {
    const flow = await deployMailFlow(red, {
      server: inbox,
      sendEmail: {
        to: 'people[msg.site].mail',
        toType: 'msg',
        batchBy: 'site',
        batchByType: 'msg',
        batchSize: 2,
      },
    });
    const people = { n: { mail: 'n@example.com' }, s: { mail: 'n@example.com' } };
    for (const site of ['n', 's', 'n', 's']) await flow.send({ site, people, topic: site });
    const mails = [await inbox.nextMail(), await inbox.nextMail()];
    assert.deepEqual(
      mails.map(({ parsed, envelope }) => [parsed.subject, envelope.to]),
      ['n', 's'].map((site) => [site, ['n@example.com']]),
    );
  });

  it('refuse a msg that has no value for them, or for which the expression fails, and take the next', async () => {
    const flow = await deployMailFlow(red, {
      server: inbox,
      sendEmail: { to: 'who.mail', toType: 'msg', cc: '$assert(ok, "not ok") ? "" : ""', ccType: 'jsonata' },
    });
    await flow.send({ _msgid: 'a', ok: true });
    await flow.send({ _msgid: 'b', ok: false, who: { mail: 'b@example.com' } });
    await flow.send({ _msgid: 'c', ok: true, who: { mail: 'c@example.com' } });
    const { envelope } = await inbox.nextMail();
    assert.deepEqual(envelope.to, ['c@example.com']);
    const errors = (await flow.caught.waitFor(2)).map(({ error }) => error.message as string);
    assert.match(errors[0] ?? '', /\bto: msg\.who\.mail has no value for this msg/);
    assert.match(errors[1] ?? '', /\bcc: the JSONata expression could not be read: .*not ok/);
    assert.deepEqual(
      flow.failed.items.map(({ email }) => email.error.code),
      ['UNSET_VALUE', 'FIELD_VALUE'],
    );
  });

  for (const [what, fields, message] of [
    [
      'an expression that does not parse',
      { to: '(who', toType: 'jsonata' },
      /The field to is "\(who", .*JSONata/,
    ],
    ['a property that is none', { cc: 'a b', ccType: 'msg' }, /The field cc is "a b", .*property name/],
    ['a context key that is none', { cc: '#:(disk)::a[', ccType: 'flow' }, /The field cc is .*property name/],
    ['a type that is none', { subject: 'x', subjectType: 'num' }, /The field subjectType is "num".*str/],
  ] as const) {
    it(`keep the node from working with ${what}, and the error names the field`, async () => {
      const flow = await deployMailFlow(red, { server: inbox, sendEmail: fields });
      await flow.send({ _msgid: 'x', who: 'a@example.com' });
      const { error } = await flow.caught.next();
      assert.match(error.message, message);
      await flow.statuses.waitForOne(({ text }) => text === 'configuration error');
    });
  }
});
