import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import type { MailFlow } from '../flows/mail-flow';
import { editConnector, editNode, leave } from './dialogs';
import { openFlow, type OpenedFlow } from './opened-flow';

/** Says where the focus is: by id, or by what it is inside of. */
const FOCUS = `(() => {
  const at = document.activeElement;
  if (at.id) return at.id;
  const editor = at.closest('.node-text-editor');
  return editor ? editor.id : '';
})()`;

describe('the dialogs with the keyboard alone', function () {
  this.timeout(60_000);
  let opened: OpenedFlow | undefined;
  let flow: MailFlow;
  let page: Page;

  before(async function () {
    opened = await openFlow(this, { sendEmail: { batchSize: 5, attach: true, attachFolder: '/data' } });
    ({ flow, page } = opened);
  });
  after(async () => {
    await opened?.close();
  });

  /** Where the tab key leads, from one place to another; what Node-RED adds itself is left out. */
  async function way(from: string, to: string): Promise<string[]> {
    await page.focus(from);
    const places = [from.slice(1)];
    for (let steps = 0; places.at(-1) !== to.slice(1); steps++) {
      assert.ok(steps < 80, `the way ends at ${places.join(', ')}`);
      await page.keyboard.press('Tab');
      const place = await page.evaluate<string>(FOCUS);
      if (/^(esc|node-(config-)?input|send-email)-(?!btn-)/.test(place) && places.at(-1) !== place)
        places.push(place);
    }
    return places.map((place) => place.replace(/^node-(config-)?input-/, ''));
  }

  it('lead through the fields of a connector in the order in which they stand', async () => {
    await editConnector(page, flow.ids.connector);
    await page.locator('#esc-state-name', { hasText: 'RUN' }).waitFor();
    assert.deepEqual(await way('#node-config-input-title', '#esc-test-send'), [
      'title',
      'esc-stop',
      'esc-pane-account-tab',
      'esc-provider',
      'username',
      'authType',
      'password',
      'properties-editor',
      'tls',
      'allowInsecureAuth',
      'esc-test',
      'esc-test-to',
      'esc-test-send',
    ]);
    await page.focus('#esc-pane-account-tab');
    await page.keyboard.press('ArrowRight');
    assert.ok(await page.locator('#esc-pane-sending').isVisible());
    assert.equal(await page.locator('#esc-pane-sending-tab').getAttribute('aria-selected'), 'true');
    assert.deepEqual(await way('#esc-pane-sending-tab', '#node-config-input-retryHours'), [
      'esc-pane-sending-tab',
      'autostart',
      'connections',
      'rateLimit',
      'ratePeriod',
      'outbox',
      'outboxLimit',
      'retryHours',
    ]);
    await leave(page, '#node-config-dialog-cancel');
  });

  it('lead through the fields of send-email, its code editors and its preview', async () => {
    await editNode(page, flow.ids.sendEmail);
    await page.click('#send-email-preview-toggle');
    await page.frameLocator('#send-email-preview-frame iframe').locator('body').waitFor();
    assert.deepEqual(await way('#node-input-name', '#node-input-control'), [
      'name',
      'server',
      'from-shown',
      'to-shown',
      'cc-shown',
      'bcc-shown',
      'replyTo-shown',
      'subject-shown',
      'priority',
      'timeZone',
      'format',
      'send-email-template-choice',
      'send-email-preview-toggle',
      'send-email-expand',
      'template-editor',
      'send-email-take',
      'send-email-samples-editor',
      'keepSamples',
      'send-email-preview-scheme',
      'send-email-preview-text',
      'batchSize',
      'batchTimeout',
      'batchBy-shown',
      'attach',
      'attachProperty-shown',
      'attachFolder',
      'attachMaxMb',
      'control',
    ]);
    await leave(page, '#node-dialog-cancel');
  });
});
