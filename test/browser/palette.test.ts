/** The package comes and goes by the palette manager, in a Node-RED that runs on. */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { mailFlow } from '../flows/mail-flow';
import { startNodeRed, type Loose, type NodeRed } from '../flows/node-red';
import { packInto } from '../flows/tarball';
import { startInbox, type Inbox } from '../servers/inbox';
import { launch, needChromium } from './chromium';
import { addNode, editConnector, editNode, leave } from './dialogs';

const PACKAGE = '@email-server-connector/node-red-send-email';
const TYPES = ['email-server-connector', 'send-email'];

/** What npm says, run as anybody runs it here. */
function npm(...args: string[]): string {
  return execFileSync('npm', args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'ignore'],
    timeout: 60_000,
    shell: process.platform === 'win32',
  }).trim();
}

/** Node-RED runs npm with the user directory as its home: it shall ask the registry that this machine asks. */
function npmSettings(): Record<string, string> {
  const names = Object.keys(process.env).filter((name) => /_proxy$|^NODE_EXTRA_CA_CERTS$/i.test(name));
  return {
    ...Object.fromEntries(names.map((name) => [name, process.env[name] ?? ''])),
    npm_config_registry: npm('config', 'get', 'registry'),
    npm_config_userconfig: npm('config', 'get', 'userconfig'),
    npm_config_cache: npm('config', 'get', 'cache'),
  };
}

describe('the palette manager', function () {
  this.timeout(180_000);
  let red: NodeRed;
  let inbox: Inbox;
  let browser: Browser;
  let page: Page;
  let userDir: string;
  let tarball: string;
  const failures: string[] = [];
  const settings = {
    // Catalogues are on the network.
    editorTheme: { tours: false, palette: { catalogues: [] } },
  };

  before(async function () {
    const chromium = needChromium(this);
    try {
      npm('view', 'mustache', 'version', '--fetch-retries=0', '--fetch-timeout=15000');
    } catch {
      console.log('      skipped: the npm registry cannot be reached');
      this.skip();
    }
    userDir = await mkdtemp(path.join(tmpdir(), 'palette-'));
    tarball = packInto(userDir);
    inbox = await startInbox();
    red = await startNodeRed({ userDir, bare: true, settings, env: npmSettings() });
    browser = await launch(chromium);
    page = await browser.newPage({ viewport: { width: 1400, height: 1000 } });
    page.setDefaultTimeout(20_000);
    page.on('pageerror', ({ message }) => failures.push(message));
    await page.goto(red.url);
    await page.locator('.red-ui-palette-node[data-palette-type="inject"]').waitFor();
  });
  after(async () => {
    await browser?.close();
    await red?.stop();
    await inbox?.close();
    if (userDir) await rm(userDir, { recursive: true, force: true });
  });

  const inPalette = () => page.locator('.red-ui-palette-node[data-palette-type="send-email"]');
  /** A page of the palette manager. */
  async function manage(view: 'nodes' | 'install'): Promise<void> {
    await page.evaluate(() => (globalThis as Loose).RED.actions.invoke('core:manage-palette'));
    await page.locator('#red-ui-palette-editor-tabs').waitFor();
    await page.click(`#red-ui-palette-editor-tabs a[href="#${view}"]`);
  }
  const closeManager = () => leave(page, '#node-dialog-ok');
  const modules = async (): Promise<string[]> => {
    const { body } = await red.request('GET', '/nodes');
    return (body as { module: string }[]).map(({ module }) => module);
  };

  it('installs an uploaded tarball, and both nodes are there without a restart', async () => {
    assert.ok(!(await modules()).includes(PACKAGE));
    assert.equal(await inPalette().count(), 0);
    await manage('install');
    await page.setInputFiles('#red-ui-palette-editor-upload-form input[type=file]', tarball);
    await page.locator('.red-ui-palette-editor-upload').getByText(path.basename(tarball)).waitFor();
    await page.click('.red-ui-palette-editor-upload-buttons .primary');
    await page.waitForFunction(
      (types) => types.every((type) => (globalThis as Loose).RED.nodes.getType(type)),
      TYPES,
      { timeout: 150_000 },
    );
    await closeManager();
    assert.ok(await inPalette().isVisible());
    assert.ok((await modules()).includes(PACKAGE));
    const { dependencies } = JSON.parse(await readFile(path.join(userDir, 'package.json'), 'utf8'));
    assert.ok(PACKAGE in dependencies);
  });

  it('gives the nodes their dialogs, texts, icon and help', async () => {
    const id = await addNode(page, 'send-email', 500, 200);
    await editNode(page, id);
    await page.locator('.send-email-form label', { hasText: /^\s*To\s*$/ }).waitFor();
    await leave(page, '#node-dialog-cancel');
    await editConnector(page);
    assert.match(await page.locator('label[for=node-config-input-title]').innerText(), /Title/);
    await leave(page, '#node-config-dialog-cancel');
    const icon = await page.request.get(`${red.url}/icons/${PACKAGE}/send-email.svg`);
    assert.equal(icon.status(), 200);
    const help = await page.evaluate(
      (types) => types.map((type) => (globalThis as Loose).RED.nodes.getNodeHelp(type) as string),
      TYPES,
    );
    for (const text of help) assert.match(text, /<h3>References<\/h3>/);
    await page.evaluate((node) => (globalThis as Loose).RED.nodes.remove(node), id);
  });

  it('sends a mail with them', async () => {
    const flow = mailFlow(red, { server: inbox });
    await red.deploy(flow.nodes.filter(({ type }) => !type.startsWith('probe')));
    await red.deploy(flow.nodes);
    await flow.send({ topic: 'Fresh', payload: 'installed a moment ago' });
    assert.equal((await inbox.nextMail()).parsed.subject, 'Fresh');
    assert.equal((await flow.sent.next())['email'].status, 'sent');
  });

  it('has the examples in the import dialog', async () => {
    await page.evaluate(() => (globalThis as Loose).RED.actions.invoke('core:show-examples-import-dialog'));
    const entry = (text: string) => page.locator('.red-ui-treeList-label:visible', { hasText: text });
    await entry(PACKAGE).click();
    await entry('1 Gmail app password').click();
    await page.click('#red-ui-clipboard-dialog-ok');
    await page.waitForFunction(
      () => (globalThis as Loose).RED.nodes.filterNodes({ type: 'send-email' }).length > 0,
    );
    await page.keyboard.press('Escape');
  });

  it('removes them again, and Node-RED goes on, now and after a restart', async () => {
    await red.deploy([{ id: 'empty', type: 'tab', label: 'empty' }]);
    // What is on the screen still uses the nodes.
    page.on('dialog', (dialog) => void dialog.accept());
    await page.goto('about:blank');
    await page.goto(red.url);
    await inPalette().waitFor();
    await manage('nodes');
    await page.fill('#red-ui-settings-tab-palette .red-ui-palette-search input >> nth=0', 'send-email');
    const entry = page.locator('#red-ui-palette-module-list li', { hasText: PACKAGE });
    await entry.locator('.red-ui-palette-module-button-group a', { hasText: /remove/i }).click();
    await page.click('.red-ui-palette-module-install-confirm-button-remove');
    await inPalette().waitFor({ state: 'detached', timeout: 90_000 });
    await entry.waitFor({ state: 'detached' });
    await closeManager();
    assert.ok(!(await modules()).includes(PACKAGE));
    assert.deepEqual(failures, []);

    const through = [
      { id: 'a0', type: 'tab', label: 'after' },
      { id: 'a1', type: 'probe-in', z: 'a0', wires: [['a2']] },
      { id: 'a2', type: 'probe', z: 'a0', wires: [] },
    ];
    await red.deploy(through);
    await red.send('a1', { payload: 'still there' });
    assert.equal((await red.probe('a2').next())['payload'], 'still there');

    assert.equal((await red.stop()).code, 0);
    red = await startNodeRed({ userDir, bare: true, settings, env: npmSettings() });
    await red.send('a1', { payload: 'again' });
    assert.equal((await red.probe('a2').next())['payload'], 'again');
    assert.doesNotMatch(red.logs(), /missing types|error/i);
    await page.goto(red.url);
    await page.locator('.red-ui-palette-node[data-palette-type="inject"]').waitFor();
    assert.equal(await inPalette().count(), 0);
    assert.deepEqual(failures, []);
  });
});
