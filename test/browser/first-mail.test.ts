import assert from 'node:assert/strict';
import type { Browser } from 'playwright-core';
import { startNodeRed, type NodeRed } from '../flows/node-red';
import { startInbox, type Inbox } from '../servers/inbox';
import { launch, needChromium, openEditor } from './chromium';
import { addNode, deploy, editNode, leave, slidIn, wire, writeCode } from './dialogs';

describe('a first mail from the editor', function () {
  this.timeout(60_000);
  let red: NodeRed;
  let inbox: Inbox;
  let browser: Browser;

  before(async function () {
    const path = needChromium(this);
    inbox = await startInbox({ user: 'alerts@example.com', password: 'the right one' });
    red = await startNodeRed();
    browser = await launch(path);
  });
  after(async () => {
    await browser?.close();
    await red?.stop();
    await inbox?.close();
  });

  it('goes from an empty workspace to the inbox, and its test connection and test mail work before', async () => {
    const page = await openEditor(browser, red.url);
    const failures: string[] = [];
    page.on('pageerror', ({ message }) => failures.push(message));

    const inject = await addNode(page, 'inject', 400, 200);
    const sender = await addNode(page, 'send-email', 700, 200);
    await wire(page, inject, 0, sender);

    await editNode(page, sender);
    await page.fill('#node-input-to-shown', 'operator@example.com');
    await page.fill('#node-input-subject-shown', 'Pump stopped');
    await page.click('#node-input-btn-server-add');
    await page.locator('#esc-provider').waitFor();
    await slidIn(page);

    await page.fill('#node-config-input-title', 'Alerts');
    await page.fill('#node-config-input-username', 'alerts@example.com');
    await page.fill('#node-config-input-password', 'the right one');
    await page.selectOption('#esc-provider', 'local');
    await page.getByText('Clear text to 127.0.0.1:1025, no login.').waitFor();
    const properties = `mail.smtp.host=127.0.0.1\nmail.smtp.port=${inbox.port}\nmail.smtp.auth=true`;
    await writeCode(page, '#node-config-input-properties-editor', properties);
    await page.getByText(`Clear text to 127.0.0.1:${inbox.port}, logs in as alerts@example.com.`).waitFor();

    await page.click('#esc-test');
    await page.locator('.esc-test-verdict[data-ok=true]').waitFor();
    const steps = page.locator('.esc-test-steps tr');
    assert.deepEqual(await steps.evaluateAll((rows) => rows.map((row) => row.getAttribute('data-step'))), [
      'dns',
      'tcp',
      'greeting',
      'ehlo',
      'auth',
      'mail-from',
    ]);
    assert.match(await page.locator('[data-step=auth]').innerText(), /Log in\s+\d+ ms\s+235 /);
    assert.equal(inbox.mails.items.length, 0);

    await page.fill('#esc-test-to', 'me@example.com');
    await page.press('#esc-test-to', 'Enter');
    await page.getByText('The server took the mail to me@example.com.').waitFor();
    assert.match(await steps.last().innerText(), /Reply\s+\d+ ms\s+250 .*queued as 1/);
    const test = await inbox.nextMail();
    assert.deepEqual([test.parsed.subject, test.envelope.to], ['Test mail of Alerts', ['me@example.com']]);

    await leave(page, '#node-config-dialog-ok');
    await leave(page, '#node-dialog-ok');
    await deploy(page);
    await page.locator(`[id="${inject}"] .red-ui-flow-node-button-button`).click();
    const mail = await inbox.waitForMail(({ parsed }) => parsed.subject === 'Pump stopped');
    assert.equal(mail.session.user, 'alerts@example.com');
    assert.deepEqual(mail.envelope, { from: 'alerts@example.com', to: ['operator@example.com'] });
    await page.locator(`[id="${sender}"] .red-ui-flow-node-status-label`, { hasText: 'sent' }).waitFor();
    assert.deepEqual(failures, []);
    await page.close();
  });
});
