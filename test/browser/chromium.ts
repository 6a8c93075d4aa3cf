/** The browser of the tests, and the editor of Node-RED in it. */
import { existsSync } from 'node:fs';
import { chromium, type Browser, type Page } from 'playwright-core';

/** For the first `before` of a suite: the path of the browser; without one the suite is skipped with a notice. */
export function needChromium(context: Mocha.Context): string {
  const path = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium';
  if (!existsSync(path)) {
    console.log(`      skipped: there is no Chromium at ${path}, set CHROMIUM_PATH`);
    context.skip();
  }
  return path;
}

/** Starts a browser that asks nobody on the network but the pages it is shown. */
export function launch(executablePath: string): Promise<Browser> {
  return chromium.launch({
    executablePath,
    args: [
      '--no-sandbox',
      '--disable-gpu',
      '--disable-quic',
      '--no-first-run',
      '--disable-background-networking',
      '--disable-component-update',
      '--disable-sync',
    ],
  });
}

/** Opens the editor at this address; resolves when the nodes of the package are in the palette. */
export async function openEditor(browser: Browser, url: string): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1400, height: 1000 }, colorScheme: 'light' });
  await enterEditor(page, url);
  return page;
}

/** As openEditor, in a page that is there already. */
export async function enterEditor(page: Page, url: string): Promise<void> {
  page.setDefaultTimeout(10_000);
  await page.goto(url);
  await page.locator('.red-ui-palette-node[data-palette-type="send-email"]').waitFor();
  await page.waitForFunction("RED.nodes.getType('email-server-connector')");
}
