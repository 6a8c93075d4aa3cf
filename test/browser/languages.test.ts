import assert from 'node:assert/strict';
import type { Browser, Page } from 'playwright-core';
import { startNodeRed, type NodeRed } from '../flows/node-red';
import { enterEditor, launch, needChromium } from './chromium';
import { editConnector, writeCode } from './dialogs';

const EDITOR = '#node-config-input-properties-editor';
const SHOWN = { width: 1400, height: 1000 };

describe('the dialogs of a German editor, while Node-RED and its machine speak English', function () {
  this.timeout(60_000);
  let red: NodeRed;
  let browser: Browser;
  before(async function () {
    const path = needChromium(this);
    red = await startNodeRed();
    browser = await launch(path);
  });
  after(async () => {
    await browser?.close();
    await red?.stop();
  });

  /** What is wrong with the properties of a new connector, as its dialog shows it. */
  async function finding(page: Page): Promise<string> {
    await enterEditor(page, red.url);
    await editConnector(page);
    await writeCode(page, EDITOR, 'mail.smtp.host=mail.example.net\nmail.smtp.ssl.enable=ja');
    const error = page.locator('#esc-findings [data-severity=error]', { hasText: 'mail.smtp.ssl.enable' });
    await error.waitFor();
    return error.innerText();
  }

  const GERMAN = /Fehler\s+Zeile 2\s+mail\.smtp\.ssl\.enable ist "ja": Nur true und false werden verstanden/;

  it('are in German, and so is what the runtime answers', async () => {
    const page = await browser.newPage({ viewport: SHOWN, locale: 'de-DE' });
    assert.match(await finding(page), GERMAN);
    assert.match(await page.locator('label[for=node-config-input-title]').innerText(), /^\s*Titel$/);
    const help = await page.evaluate("RED.nodes.getNodeHelp('email-server-connector')");
    assert.match(String(help), /Ein Mailkonto auf einem Mailserver/);
    await page.close();
  });

  it('are in German for who chose that in the settings of the editor, whatever the browser says', async () => {
    const page = await browser.newPage({ viewport: SHOWN, locale: 'en-US' });
    await page.addInitScript("localStorage.setItem('editor-language', 'de')");
    assert.match(await finding(page), GERMAN);
    await page.close();
  });

  it('are in English for who chose that, whatever the browser says', async () => {
    const page = await browser.newPage({ viewport: SHOWN, locale: 'de-DE' });
    await page.addInitScript("localStorage.setItem('editor-language', 'en-US')");
    assert.match(
      await finding(page),
      /Error\s+line 2\s+mail\.smtp\.ssl\.enable is "ja": only true and false/,
    );
    await page.close();
  });
});
