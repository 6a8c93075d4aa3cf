import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import type { MailFlow } from '../flows/mail-flow';
import type { Loose } from '../flows/node-red';
import type { Inbox } from '../servers/inbox';
import { chooseType, deploy, editNode, leave, readCode, writeCode } from './dialogs';
import { openFlow, type OpenedFlow } from './opened-flow';

const SAMPLES = '#send-email-samples-editor';

describe('fields of send-email that are a template or name a value', function () {
  this.timeout(60_000);
  let opened: OpenedFlow | undefined;
  let inbox: Inbox;
  let flow: MailFlow;
  let page: Page;

  before(async function () {
    opened = await openFlow(this, { sendEmail: { cc: '{{boss}}' } });
    ({ inbox, flow, page } = opened);
  });
  after(async () => {
    await opened?.close();
  });

  /** Deploys, and waits for the nodes that this makes. */
  async function deployed(): Promise<void> {
    const before = flow.connectorStatuses.items.length;
    await deploy(page);
    await flow.connectorStatuses.waitForOne(
      (status) => flow.connectorStatuses.items.indexOf(status) >= before && status.fill === 'green',
    );
  }

  const problem = (field: string) => page.locator(`.send-email-problem[data-field=${field}]`);
  const node = () =>
    page.evaluate((id) => {
      const { to, toType, cc, ccType, subject, subjectType, keepSamples } = (
        globalThis as Loose
      ).RED.nodes.node(id);
      return { to, toType, cc, ccType, subject, subjectType, keepSamples };
    }, flow.ids.sendEmail);

  it('are templates in a flow that says nothing of types, and stay as they are', async () => {
    await editNode(page, flow.ids.sendEmail);
    assert.equal(await page.inputValue('#node-input-cc-shown'), '{{boss}}');
    await leave(page, '#node-dialog-ok');
    const { to, cc, subject, ...types } = await node();
    assert.deepEqual([to, cc, subject], ['operator@example.com', '{{boss}}', '{{topic}}']);
    assert.deepEqual([types.toType, types.ccType, types.subjectType], ['str', 'str', 'str']);
  });

  it('are chosen as in the core nodes, previewed as typed, saved, and sent', async () => {
    await editNode(page, flow.ids.sendEmail);
    await page.click('#send-email-preview-toggle');
    await writeCode(
      page,
      SAMPLES,
      '{"owner": {"mail": ["a@x.test", "b@x.test"]}, "level": 3, "boss": "c@x.test"}',
    );
    await chooseType(page, 'to', 'msg');
    await page.fill('#node-input-to-shown', 'owner.mai');
    await problem('to').filter({ hasText: 'msg.owner.mai has no value' }).waitFor();
    await page.locator('#node-input-to-shown').press('End');
    await page.keyboard.type('l');
    await page.locator('#send-email-preview-to', { hasText: 'a@x.test, b@x.test' }).waitFor();
    await page.locator('#send-email-preview-cc', { hasText: 'c@x.test' }).waitFor();
    assert.equal(await page.locator('#send-email-preview-bcc').isVisible(), false);
    await chooseType(page, 'subject', 'jsonata');
    await page.fill('#node-input-subject-shown', '"Level " & (level');
    await problem('subject').filter({ hasText: 'no valid JSONata expression' }).waitFor();
    await page.fill('#node-input-subject-shown', '"Level " & level');
    await page.locator('#send-email-preview-subject', { hasText: 'Level 3' }).waitFor();
    await leave(page, '#node-dialog-ok');
    assert.deepEqual(await node(), {
      to: 'owner.mail',
      toType: 'msg',
      cc: '{{boss}}',
      ccType: 'str',
      subject: '"Level " & level',
      subjectType: 'jsonata',
      keepSamples: false,
    });
    await deployed();
    await flow.send({ owner: { mail: 'd@x.test' }, level: 4, boss: 'e@x.test' });
    const { envelope, parsed } = await inbox.nextMail();
    assert.deepEqual([envelope.to, parsed.subject], [['d@x.test', 'e@x.test'], 'Level 4']);
  });

  it('want a name when they are no template', async () => {
    await editNode(page, flow.ids.sendEmail);
    const invalid = () =>
      page.locator('#node-input-to').evaluate((input) => input.classList.contains('input-error'));
    assert.equal(await invalid(), false);
    await page.fill('#node-input-to-shown', '');
    assert.equal(await invalid(), true);
    await chooseType(page, 'to', 'str');
    assert.equal(await invalid(), false);
    await leave(page, '#node-dialog-cancel');
  });

  it('are reached by the keyboard through their labels, and say what they are', async () => {
    await editNode(page, flow.ids.sendEmail);
    await page.getByText('Bcc', { exact: true }).first().click();
    assert.equal(await page.evaluate('document.activeElement.id'), 'node-input-bcc-shown');
    await page.keyboard.press('Shift+Tab');
    assert.equal(await page.evaluate("document.activeElement.getAttribute('aria-label')"), 'Bcc: template');
    await chooseType(page, 'bcc', 'msg');
    const button = page.locator(
      '#node-input-bcc + .red-ui-typedInput-container .red-ui-typedInput-type-select',
    );
    assert.equal(await button.getAttribute('aria-label'), 'Bcc: msg.');
    await leave(page, '#node-dialog-cancel');
  });

  it('take the last msgs as samples, when the deployed node keeps them', async () => {
    await editNode(page, flow.ids.sendEmail);
    await page.click('#send-email-preview-toggle');
    await page.click('#send-email-take');
    await problem('samples').filter({ hasText: 'keeps no msgs' }).waitFor();
    await page.check('#node-input-keepSamples');
    await leave(page, '#node-dialog-ok');
    await deployed();

    await editNode(page, flow.ids.sendEmail);
    await page.click('#send-email-preview-toggle');
    await page.click('#send-email-take');
    await problem('samples').filter({ hasText: 'No msg has come' }).waitFor();
    await flow.send({
      _msgid: 'm1',
      owner: { mail: 'real@x.test' },
      level: 9,
      boss: 'boss@x.test',
      payload: Buffer.from('hot'),
    });
    await inbox.nextMail();
    await page.click('#send-email-take');
    await page.locator('#send-email-preview-subject', { hasText: 'Level 9' }).waitFor();
    await page.locator('#send-email-preview-text', { hasText: '1: hot' }).waitFor();
    assert.deepEqual(JSON.parse(await readCode(page, SAMPLES))[0].owner, { mail: 'real@x.test' });
    await leave(page, '#node-dialog-cancel');
  });
});
