import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import type { Page } from 'playwright-core';
import type { MailFlow } from '../flows/mail-flow';
import type { Loose } from '../flows/node-red';
import type { Inbox } from '../servers/inbox';
import { editConnector, editNode, leave, writeCode } from './dialogs';
import { openFlow, type OpenedFlow } from './opened-flow';

/** What Node-RED itself makes inside a form is not of the package: code editors, lists of nodes. */
const NOT_OURS = ['.node-text-editor', '[id*="-btn-"]'];

describe('accessibility of the dialogs', function () {
  this.timeout(60_000);
  let opened: OpenedFlow | undefined;
  let inbox: Inbox;
  let flow: MailFlow;
  let page: Page;

  before(async function () {
    opened = await openFlow(this, { connector: { rateLimit: 30 } });
    ({ inbox, flow, page } = opened);
    await page.evaluate(readFileSync(require.resolve('axe-core/axe.min.js'), 'utf8'));
  });
  after(async () => {
    await opened?.close();
  });

  /** What axe finds in a part of the page that keeps people out. */
  async function violations(form: string): Promise<string[]> {
    const found = await page.evaluate(
      async ({ include, exclude }) => {
        const { axe } = globalThis as Loose;
        const { violations: all } = await axe.run({ include, exclude }, { iframes: false });
        return all as { id: string; impact: string; nodes: { html: string; failureSummary: string }[] }[];
      },
      { include: [form], exclude: NOT_OURS },
    );
    return found
      .filter(({ impact }) => impact === 'serious' || impact === 'critical')
      .flatMap(({ id, nodes }) =>
        nodes.map(({ html, failureSummary }) => `${id}: ${html} ${failureSummary}`),
      );
  }

  it('of a connector has nothing serious against it: account, findings, test, sending', async () => {
    await editConnector(page, flow.ids.connector);
    await page.locator('#esc-state-name', { hasText: 'RUN' }).waitFor();
    const properties = `mail.smtp.host=127.0.0.1\nmail.smtp.port=${inbox.port}\nmail.smtp.porrt=1`;
    await writeCode(page, '#node-config-input-properties-editor', properties);
    await page.locator('#esc-findings [data-severity=warning]').waitFor();
    await page.selectOption('#esc-provider', 'gmail');
    await page.click('#esc-test');
    await page.locator('.esc-test-verdict').waitFor();
    assert.deepEqual(await violations('.esc-form'), []);
    await page.locator('#esc-tabs').getByText('Sending and outbox').click();
    assert.deepEqual(await violations('.esc-form'), []);
    await leave(page, '#node-config-dialog-cancel');
  });

  it('of send-email has nothing serious against it: fields, advice, problems, preview', async () => {
    await editNode(page, flow.ids.sendEmail);
    await page.fill('#node-input-to-shown', '');
    await page.fill('#node-input-batchSize', '5');
    await page.selectOption('#node-input-attach', 'true');
    await page.click('#send-email-preview-toggle');
    await writeCode(page, '#send-email-samples-editor', '{"payload": 1}');
    await page.locator('.send-email-problem:visible').first().waitFor();
    assert.deepEqual(await violations('.send-email-form'), []);
    await leave(page, '#node-dialog-cancel');
  });
});
