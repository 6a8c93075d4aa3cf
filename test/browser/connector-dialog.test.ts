import assert from 'node:assert/strict';
import type { Browser, Page } from 'playwright-core';
import type { MailFlow } from '../flows/mail-flow';
import { startNodeRed, type Loose, type NodeRed } from '../flows/node-red';
import { startInbox, type Inbox } from '../servers/inbox';
import { enterEditor, openEditor } from './chromium';
import { editConnector, leave, readCode, writeCode } from './dialogs';
import { openFlow, type OpenedFlow } from './opened-flow';

const LOGIN = { user: 'alerts@example.com', password: 'the right one' };
const EDITOR = '#node-config-input-properties-editor';

describe('the dialog of a connector', function () {
  this.timeout(60_000);
  let opened: OpenedFlow | undefined;
  let red: NodeRed;
  let inbox: Inbox;
  let browser: Browser;
  let flow: MailFlow;
  let page: Page;

  before(async function () {
    opened = await openFlow(
      this,
      {
        properties: ['mail.smtp.auth=true'],
        credentials: { username: LOGIN.user, password: LOGIN.password },
        connector: { rateLimit: 30 },
      },
      LOGIN,
    );
    ({ red, inbox, browser, flow, page } = opened);
  });
  after(async () => {
    await opened?.close();
  });

  describe('of a new one', () => {
    before(() => editConnector(page));
    after(() => leave(page, '#node-config-dialog-cancel'));

    it('starts with Gmail, and with no limit, which the editor leaves empty because it is 0', async () => {
      assert.equal(await page.inputValue('#esc-provider'), 'gmail');
      assert.match(await page.locator('#esc-provider-note').innerText(), /app password/);
      assert.equal(await page.inputValue('#node-config-input-rateLimit'), '0');
    });

    it('has no state to show, and nothing to start', async () => {
      assert.equal(await page.locator('#esc-state-name').innerText(), 'Not deployed yet');
      assert.ok(await page.locator('#esc-start').isDisabled());
      assert.ok(await page.locator('#esc-stop').isDisabled());
    });

    it('takes the settings, the limit and the username of a provider', async () => {
      await page.selectOption('#esc-provider', 'microsoft');
      assert.match(await readCode(page, EDITOR), /^mail\.smtp\.host=smtp\.office365\.com$/m);
      assert.equal(await page.inputValue('#node-config-input-rateLimit'), '30');
      assert.equal(await page.inputValue('#node-config-input-ratePeriod'), 'minute');
      await page.selectOption('#esc-provider', 'sendgrid');
      assert.equal(await page.inputValue('#node-config-input-username'), 'apikey');
      assert.equal(await page.inputValue('#node-config-input-rateLimit'), '0');
    });

    it('asks before it replaces what was edited', async () => {
      const mine = 'mail.smtp.host=mail.example.net\nmail.smtp.port=25';
      await writeCode(page, EDITOR, mine);
      await page.waitForFunction("document.querySelector('#esc-provider').value === 'other'");
      await page.selectOption('#esc-provider', 'icloud');
      await page.getByText('Keep mine').click();
      assert.deepEqual(
        [await readCode(page, EDITOR), await page.inputValue('#esc-provider')],
        [mine, 'other'],
      );
      await page.selectOption('#esc-provider', 'icloud');
      await page.locator('#esc-provider-question').getByText('Replace', { exact: true }).click();
      assert.match(await readCode(page, EDITOR), /smtp\.mail\.me\.com/);
      assert.equal(await page.locator('#esc-provider-question').innerText(), '');
    });

    it('marks a bad property on its line, says why below, and leads to it', async () => {
      const text = 'mail.smtp.host=mail.example.net\nmail.smtp.porrt=25\n mail.smtp.ssl.enable=yes';
      await writeCode(page, EDITOR, text);
      const error = page.locator('#esc-findings [data-severity=error]', { hasText: 'mail.smtp.ssl.enable' });
      await error.waitFor();
      assert.deepEqual(await markers(page), [
        { line: 2, from: 1, to: 19, severity: 'Warning' },
        { line: 3, from: 2, to: 26, severity: 'Error' },
      ]);
      assert.ok(await page.locator(`${EDITOR} .squiggly-error`).isVisible());
      assert.match(await error.innerText(), /Error\s+line 3\s+.*only true and false/);
      assert.equal(await page.locator('#esc-sentence').isVisible(), false);
      await error.getByText('line 3').click();
      await page.keyboard.press('End');
      await page.keyboard.type('x');
      assert.match(await readCode(page, EDITOR), /ssl\.enable=yesx$/);
    });

    it('takes the marks away when the property is right, and says what it comes to', async () => {
      await writeCode(
        page,
        EDITOR,
        'mail.smtp.host=mail.example.net\nmail.smtp.ssl.enable=true\nmail.smtp.auth=false',
      );
      await page.getByText('Implicit TLS to mail.example.net:465, no login.').waitFor();
      assert.deepEqual(await markers(page), []);
      assert.equal(await page.locator('#esc-findings li').count(), 0);
    });

    it('says below the properties where all mails go, and what is wrong with who may get them', async () => {
      const fields = { allowedRecipients: '*@example.com', redirectTo: 'me@example.com' };
      await page.evaluate((values) => {
        for (const [name, value] of Object.entries(values)) {
          const field = document.querySelector<HTMLInputElement>(`#node-config-input-${name}`);
          if (field) field.value = value;
          field?.dispatchEvent(new Event('input', { bubbles: true }));
        }
      }, fields);
      const findings = page.locator('#esc-findings');
      const warning = findings.locator('[data-severity=warning]', { hasText: 'me@example.com' });
      await warning.waitFor();
      assert.match(await warning.innerText(), /every mail goes to me@example\.com alone/);
      const error = findings.locator('[data-severity=error]');
      assert.match(await error.innerText(), /allowedRecipients: "\*@example\.com"/);
      await page.evaluate(() => {
        for (const name of ['allowedRecipients', 'redirectTo']) {
          const field = document.querySelector<HTMLInputElement>(`#node-config-input-${name}`);
          if (field) field.value = '';
          field?.dispatchEvent(new Event('input', { bubbles: true }));
        }
      });
      await warning.waitFor({ state: 'detached' });
    });

    it('shows the words of the server for a wrong password, and what to do', async () => {
      await page.fill('#node-config-input-username', 'alerts@example.com');
      await page.fill('#node-config-input-password', 'a wrong one');
      const properties = `mail.smtp.host=127.0.0.1\nmail.smtp.port=${inbox.port}\nmail.smtp.auth=true`;
      await writeCode(page, EDITOR, properties);
      await page.click('#esc-test');
      const verdict = page.locator('.esc-test-verdict[data-ok=false]');
      await verdict.waitFor();
      assert.match(await verdict.innerText(), /refused the login: 535 [^]*app password/);
      assert.match(await page.locator('[data-step=auth]').innerText(), /Log in\s+\d+ ms\s+.*535 5\.7\.8/);
      assert.deepEqual(inbox.refusedLogins, ['alerts@example.com']);
    });

    it('wants an address for the test mail', async () => {
      const connections = inbox.connections.total;
      await page.click('#esc-test-send');
      await page.getByText('Type in the address that the mail is for.').waitFor();
      assert.equal(inbox.connections.total, connections);
    });

    it('shows one tab at a time', async () => {
      const both = async () => [
        await page.locator('#esc-pane-account').isVisible(),
        await page.locator('#esc-pane-sending').isVisible(),
      ];
      assert.deepEqual(await both(), [true, false]);
      await page.locator('#esc-tabs').getByText('Sending and outbox').click();
      assert.deepEqual(await both(), [false, true]);
    });
  });

  describe('of a deployed one', () => {
    before(() => editConnector(page, flow.ids.connector));
    after(() => leave(page, '#node-config-dialog-cancel'));

    const state = (name: string) =>
      page.locator('#esc-state-name', { hasText: new RegExp(`^${name}$`) }).waitFor();

    it('shows its state and follows it', async () => {
      await state('RUN');
      assert.equal(await page.locator('#esc-light').getAttribute('data-light'), 'green');
      assert.match(await page.locator('#esc-state-details').innerText(), /0 of 30 mails in the last minute/);
      await flow.send({ topic: 'counted' });
      await page.locator('#esc-state-details', { hasText: '1 sent' }).waitFor();
    });

    it('stops and starts it', async () => {
      await page.click('#esc-stop');
      await state('STOPPED');
      const path = `/email-server-connector/${flow.ids.connector}`;
      assert.equal((await red.request('GET', path)).body.state, 'STOPPED');
      assert.ok(await page.locator('#esc-stop').isDisabled());
      await page.click('#esc-start');
      await state('RUN');
      assert.equal((await red.request('GET', path)).body.state, 'RUN');
    });

    it('tests with the stored password, and never sends that elsewhere', async () => {
      await page.click('#esc-test');
      await page.locator('.esc-test-verdict[data-ok=true]').waitFor();
      const thief = await startInbox({ user: 'alerts@example.com', password: 'the right one' });
      const properties = `mail.smtp.host=127.0.0.1\nmail.smtp.port=${thief.port}\nmail.smtp.auth=true`;
      await writeCode(page, EDITOR, properties);
      await page.click('#esc-test');
      await page.getByText(/The stored password is not used for this test: the port changed/).waitFor();
      assert.equal(thief.connections.total, 0);
      await thief.close();
    });
  });

  describe('of any', () => {
    it('asks for the state every 2 seconds as long as it is open, and not longer', async () => {
      const other = await browser.newPage({ viewport: { width: 1400, height: 1000 } });
      await other.clock.install();
      await enterEditor(other, red.url);
      const asked: string[] = [];
      other.on('request', (request) => {
        if (request.url().includes(`/email-server-connector/${flow.ids.connector}`))
          asked.push(request.method());
      });
      await editConnector(other, flow.ids.connector);
      await other.locator('#esc-state-name', { hasText: 'RUN' }).waitFor();
      const before = asked.length;
      // The next request is planned when the answer before it was shown, which this page may still be about to do.
      while (asked.length === before) await other.clock.runFor(500);

      await leave(other, '#node-config-dialog-cancel');
      const last = asked.length;
      await other.clock.runFor(60_000);
      assert.equal(asked.length, last);
      await other.close();
    });

    it('saves what is in it', async () => {
      await editConnector(page, flow.ids.connector);
      const properties = `mail.smtp.host=localhost\nmail.smtp.port=${inbox.port}`;
      await writeCode(page, EDITOR, properties);
      await leave(page, '#node-config-dialog-ok');
      const saved = await page.evaluate(
        (id) => (globalThis as Loose).RED.nodes.node(id).properties as string,
        flow.ids.connector,
      );
      assert.equal(saved, properties);
    });

    it('marks properties in the other code editor of Node-RED, too', async () => {
      const settings = { editorTheme: { tours: false, codeEditor: { lib: 'ace' } } };
      const ace = await startNodeRed({ settings });
      const other = await openEditor(browser, ace.url);
      await editConnector(other);
      await other.locator(`${EDITOR} textarea`).focus();
      await other.keyboard.press('Control+a');
      await other.keyboard.insertText('mail.smtp.host=mail.example.net\nmail.smtp.ssl.enable=yes');
      const mark = other.locator(`${EDITOR} .ace_gutter-cell.ace_error`);
      await mark.waitFor();
      assert.equal((await mark.innerText()).trim(), '2');
      await other.close();
      await ace.stop();
    });
  });
});

/** The marks of the package in the properties. */
function markers(page: Page): Promise<object[]> {
  return page.evaluate(() => {
    const { monaco } = globalThis as Loose;
    return monaco.editor
      .getModelMarkers({ owner: 'email-server-connector' })
      .map((mark: Loose) => ({
        line: mark.startLineNumber,
        from: mark.startColumn,
        to: mark.endColumn,
        severity: monaco.MarkerSeverity[mark.severity],
      }))
      .sort((a: Loose, b: Loose) => a.line - b.line);
  });
}
