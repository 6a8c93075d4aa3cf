import assert from 'node:assert/strict';
import { startInbox, type Inbox } from '../servers/inbox';
import { deployMailFlow } from './mail-flow';
import type { NodeRed } from './node-red';
import { sharedNodeRed } from './shared-node-red';

describe('alerts as flow authors send them', () => {
  let red: NodeRed;
  let inbox: Inbox;
  before(async function () {
    this.timeout(30_000);
    red = await sharedNodeRed();
  });
  beforeEach(async () => (inbox = await startInbox()));
  afterEach(() => inbox.close());

  const deploy = (sendEmail: Record<string, unknown>, connector: Record<string, unknown> = {}) =>
    deployMailFlow(red, { server: inbox, sendEmail, connector });

  it('say which node failed and why', async () => {
    const flow = await deploy({
      subject: 'Error in {{error.source.name}}',
      template: '{{error.message}} / {{error}}',
    });
    await flow.send({
      error: { message: 'Boom', source: { id: 'n', type: 'function', name: 'Pump 3' } },
      payload: 1,
    });
    const { parsed } = await inbox.nextMail();
    assert.deepEqual([parsed.subject, parsed.text?.trim()], ['Error in Pump 3', 'Boom / Boom']);
  });

  it('show of each event of a batch its own values only', async () => {
    const template = '{{topic}} {{payload.tag}} = {{payload.value}} {{payload.unit}}<br>';
    const flow = await deploy({ batchSize: 3, template, subject: 'Readings' });
    await flow.send(
      { topic: 'PT-101', payload: { tag: 'PT-101', value: 91, unit: 'bar' } },
      { topic: 'TT-202', payload: { tag: 'TT-202', value: 20 } },
      { payload: { tag: 'LT-303' } },
    );
    const { parsed } = await inbox.nextMail();
    assert.equal(parsed.html, 'PT-101 PT-101 = 91 bar<br>TT-202 TT-202 = 20 <br> LT-303 =  <br>');
  });

  it('keep the lines of a stack trace, and have the title of the connector for a subject', async () => {
    const flow = await deploy({ subject: '' }, { title: 'Plant alerts' });
    await flow.send({ payload: 'Error: x\n    at y\n    at z' });
    const { parsed } = await inbox.nextMail();
    assert.equal(parsed.subject, 'Plant alerts');
    assert.match(parsed.text ?? '', /1: Error: x\nat y\nat z/);
  });

  it('attach the picture of a camera', async () => {
    const flow = await deploy({ attach: 'buffers' });
    await flow.send({
      topic: 'Door',
      payload: { type: 'Buffer', data: [...Buffer.from('\x89PNG\r\n\x1a\nx', 'latin1')] },
    });
    const [picture] = (await inbox.nextMail()).parsed.attachments;
    assert.deepEqual([picture?.filename, picture?.contentType], ['snapshot.png', 'image/png']);
    assert.deepEqual((await flow.sent.next()).email.attachments, [{ filename: 'snapshot.png', size: 9 }]);
  });

  it('go to nobody whom the connector may not write to', async () => {
    const flow = await deploy({ to: '' }, { allowedRecipients: '@example.com\nboss@example.org' });
    await flow.send(
      { to: 'a@example.com, eve@example.org', payload: 1 },
      { to: 'boss@example.org', payload: 2 },
    );
    const { email } = await flow.failed.next();
    assert.equal(email.error?.code, 'NOT_ALLOWED');
    assert.match(email.error.message, /eve@example\.org/);
    assert.deepEqual((await inbox.nextMail()).envelope.to, ['boss@example.org']);
  });

  it('all go to one address while flows are tested', async () => {
    const flow = await deploy({ cc: 'boss@example.com' }, { redirectTo: 'me@example.com' });
    await flow.connectorStatuses.waitForOne(({ text }) => text === 'RUN → me@example.com');
    await flow.send({ topic: 't', payload: 'hot' });
    const { parsed, envelope } = await inbox.nextMail();
    assert.deepEqual(envelope.to, ['me@example.com']);
    assert.match(parsed.text ?? '', /this mail was for operator@example\.com, boss@example\.com/);
    await flow.statuses.waitForOne(({ text }) => /sent → me@example\.com$/.test(text ?? ''));
  });

  it('say once whom a received mail brings along', async () => {
    const flow = await deploy({});
    const received = { header: { subject: 's' }, from: 'a@example.org', cc: 'c@example.org', payload: 'p' };
    await flow.send(received, received);
    assert.deepEqual((await inbox.nextMail()).envelope.to, ['operator@example.com', 'c@example.org']);
    await inbox.nextMail();
    await red.logged(/looks like a mail that was received/);
    assert.equal(red.logs().split('looks like a mail that was received').length, 2);
  });

  it('go where the envelope of the msg says, and show what their headers say', async () => {
    const flow = await deploy({});
    await flow.send({ envelope: { from: 'bounces@example.com', to: ['a@example.com'] }, payload: 1 });
    const { parsed, envelope } = await inbox.nextMail();
    assert.deepEqual(envelope, { from: 'bounces@example.com', to: ['a@example.com'] });
    assert.equal(Array.isArray(parsed.to) ? '' : parsed.to?.text, 'operator@example.com');
    assert.deepEqual((await flow.sent.next()).email.envelope, envelope);
  });

  it('that would stop the connector are told once, with what to switch off', async () => {
    const flow = await deploy({});
    const own = { action: 'status', topic: 'Press', payload: 'emergency' };
    await flow.send(own, own);
    assert.equal((await flow.sent.next()).payload.state, 'RUN');
    await flow.sent.next();
    await red.logged(/msg\.action is status, which controls the connector/);
    const warnings = red.logs().split('msg.action is status, which controls the connector');
    assert.equal(warnings.length, 2);
    assert.match(warnings[1] ?? '', /not mailed, though it has a payload.*off in the node/);
  });

  it('are mailed though a machine has an action of its own', async () => {
    const flow = await deploy({ control: false, template: '{{action}}' });
    await flow.send({ action: 'stop', topic: 'Press', payload: 'emergency' });
    assert.equal((await inbox.nextMail()).parsed.text?.trim(), 'stop');
    const states = await red.request('GET', `/email-server-connector/${flow.ids.connector}`);
    assert.equal((states.body as { state: string }).state, 'RUN');
  });
});
