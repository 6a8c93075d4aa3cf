// Takes the pictures of the README and of the pages in docs/ anew: the digest example in the editor, the mail that comes of
// it, both dialogs, a preview and a connection test.
// Needs a Chromium: `npm run screenshots`, with CHROMIUM_PATH when it is not /usr/bin/chromium.
import { spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium } from 'playwright-core';
import { DIGEST, writeUserDir } from './demo-flows.mjs';
import { startInbox } from './demo-inbox.mjs';
import { startNodeRed } from './demo-node-red.mjs';
import { freePort } from './demo-options.mjs';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const DOCS = path.join(ROOT, 'docs');
const MAIL_WITHIN_MS = 60_000;
/** Wide enough for the flow beside the sidebar, and as large as a README shows it. */
const EDITOR = { width: 1180, height: 600 };
const MAIL = { width: 1000, height: 720 };
/** High enough for each dialog without scrolling. */
const SEND_EMAIL = { width: 1180, height: 1360 };
const CONNECTOR = { width: 1180, height: 1170 };

/** Msgs as the flow of the digest example makes them. */
const SAMPLES = `[
  {"line": "Line 4", "station": "Robot 2", "level": "high", "payload": "Door open"},
  {"line": "Line 4", "station": "Oven", "level": "low", "payload": "241 °C"}
]`;

const { status } = spawnSync(process.execPath, ['scripts/build.mjs', '--if-stale'], {
  cwd: ROOT,
  stdio: 'inherit',
});
if (status !== 0) throw new Error('the build failed, see above');

mkdirSync(path.join(ROOT, '.demo'), { recursive: true });
mkdirSync(DOCS, { recursive: true });
const userDir = mkdtempSync(path.join(ROOT, '.demo', 'screenshots-'));
writeUserDir(ROOT, userDir);
keepDigestOnly(path.join(userDir, 'flows.json'));
const inbox = await startInbox(0, await freePort(), userDir);
const nodeRed = startNodeRed({ userDir, port: await freePort(), smtpPort: inbox.smtpPort });
let browser;
try {
  await nodeRed.ready;
  browser = await chromium.launch({
    executablePath: process.env.CHROMIUM_PATH ?? '/usr/bin/chromium',
    args: ['--no-sandbox', '--disable-gpu'],
  });
  const editor = await openEditor();
  await flowAndDigest(editor);
  await dialogs(editor);
} finally {
  await browser?.close();
  await nodeRed.stop();
  await inbox.stop();
  rmSync(userDir, { recursive: true, force: true });
}

/** One tab is enough for a picture. */
function keepDigestOnly(file) {
  const flows = JSON.parse(readFileSync(file, 'utf8'));
  const { z } = flows.find(({ id }) => id === DIGEST.inject);
  const kept = flows.filter((node) => node.id === z || node.z === z || node.id === DIGEST.connector);
  writeFileSync(file, JSON.stringify(kept));
}

/** The editor with the flow and the debug messages, without the palette. */
async function openEditor() {
  const page = await browser.newPage({ viewport: EDITOR, colorScheme: 'light' });
  await page.goto(nodeRed.url);
  await page.waitForFunction((id) => globalThis.RED?.nodes?.node(id), DIGEST.inject);
  await page.evaluate(() => {
    globalThis.RED.actions.invoke('core:show-debug-tab');
    globalThis.RED.actions.invoke('core:toggle-palette');
  });
  return page;
}

async function flowAndDigest(editor) {
  const arrived = new Promise((resolve, reject) => {
    inbox.onMail(resolve);
    setTimeout(() => reject(new Error('no mail came')), MAIL_WITHIN_MS).unref();
  });
  await nodeRed.inject(DIGEST.inject);
  const { id } = await arrived;
  const message = editor.locator('.red-ui-debug-msg').first();
  await message.locator('.red-ui-debug-msg-object-handle').first().click();
  await message.getByText('duplicatePossible').waitFor();
  await editor.screenshot({ path: picture('flow') });

  const mail = await browser.newPage({ viewport: MAIL, colorScheme: 'light' });
  await mail.goto(`${inbox.url}/#/email/${id}`);
  await mail.frameLocator('iframe').getByText('attached file').waitFor();
  await mail.waitForLoadState('networkidle');
  await mail.screenshot({ path: picture('digest') });
}

async function dialogs(editor) {
  await dialog(editor, {
    name: 'send-email',
    viewport: SEND_EMAIL,
    cancel: '#node-dialog-cancel',
    open: () => {
      const { RED } = globalThis;
      RED.editor.edit(RED.nodes.filterNodes({ type: 'send-email' })[0]);
    },
    fields: {},
    ready: async () => {},
    more: async (tray) => {
      await editor.click('#send-email-preview-toggle');
      await writeCode(editor, '#send-email-samples-editor', [SAMPLES]);
      await tray.frameLocator('#send-email-preview-frame iframe').getByText('Robot 2').waitFor();
      await editor.locator('#send-email-preview').screenshot({ path: picture('preview') });
    },
  });
  await dialog(editor, {
    name: 'connector',
    viewport: CONNECTOR,
    cancel: '#node-config-dialog-cancel',
    open: () => globalThis.RED.editor.editConfig('', 'email-server-connector', '_ADD_'),
    fields: {
      '#node-config-input-title': 'Alerts through Gmail',
      '#node-config-input-username': 'alerts@example.com',
      '#node-config-input-password': 'an app password',
    },
    ready: () => editor.locator('#esc-sentence', { hasText: 'smtp.gmail.com' }).waitFor(),
    more: async (tray) => {
      await editor.selectOption('#esc-provider', 'local');
      await writeCode(editor, '#node-config-input-properties-editor', [
        'mail.smtp.host=127.0.0.1',
        `mail.smtp.port=${inbox.smtpPort}`,
        'mail.smtp.auth=false',
        'mail.from=Node-RED <node-red@example.com>',
      ]);
      await editor.locator('#esc-sentence', { hasText: String(inbox.smtpPort) }).waitFor();
      await editor.fill('#esc-test-to', 'operator@example.com');
      await editor.click('#esc-test-send');
      await tray.locator('.esc-test-verdict[data-ok=true]').waitFor();
      await tray.locator('.red-ui-tray-header').click();
      await editor.locator('#esc-test-result').screenshot({ path: picture('test') });
    },
  });
}

/** Opens a dialog in the page, fills fields in, takes its picture when it is ready, and more of it, and closes it. */
async function dialog(editor, { name, viewport, cancel, open, fields, ready, more }) {
  await editor.setViewportSize(viewport);
  await editor.evaluate(open);
  const tray = editor.locator('.red-ui-tray').last();
  await tray.locator('.node-text-editor .view-line').first().waitFor();
  // It slides in from the right.
  await editor.waitForFunction(() => {
    const last = [...globalThis.document.querySelectorAll('.red-ui-tray')].at(-1);
    return globalThis.getComputedStyle(last).right === '0px';
  });
  for (const [field, value] of Object.entries(fields)) await editor.fill(field, value);
  await tray.locator('.red-ui-tray-header').click();
  await ready();
  await tray.screenshot({ path: picture(name) });
  await more(tray);
  await editor.click(cancel);
  await tray.waitFor({ state: 'detached' });
}

/** Replaces the text in a code editor. */
function writeCode(page, selector, lines) {
  return page.evaluate(
    ([place, text]) => {
      const { monaco, document } = globalThis;
      const element = document.querySelector(place);
      const editors = monaco.editor.getEditors();
      editors.find((one) => element.contains(one.getContainerDomNode())).setValue(text);
    },
    [selector, lines.join('\n')],
  );
}

function picture(name) {
  return path.join(DOCS, `${name}.png`);
}
