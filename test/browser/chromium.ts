/** The browser of the tests, and the editor of Node-RED in it. */
import { existsSync, readFileSync } from 'node:fs';
import { chromium, type Browser, type Page } from 'playwright-core';
import type { NodeRed } from '../flows/node-red';

/** Where the browser is: CHROMIUM_PATH, else where Debian puts it; undefined when there is none. */
export function chromiumPath(): string | undefined {
  const path = process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium';
  return existsSync(path) ? path : undefined;
}

/** Skips a suite with a notice when there is no browser; for its first `before`. */
export function needChromium(suite: Mocha.Context): string {
  const path = chromiumPath();
  if (path === undefined) {
    console.log('      no Chromium at CHROMIUM_PATH or /usr/bin/chromium: the browser tests are skipped');
    suite.skip();
  }
  return path as string;
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

/** Opens the editor; resolves when both node types of the package are in the palette. */
export async function openEditor(
  browser: Browser,
  red: Pick<NodeRed, 'url'>,
  colorScheme: 'light' | 'dark' = 'light',
): Promise<Page> {
  const page = await browser.newPage({ viewport: { width: 1400, height: 1000 }, colorScheme });
  page.setDefaultTimeout(10_000);
  await page.goto(red.url);
  await page.locator('.red-ui-palette-node[data-palette-type="send-email"]').waitFor();
  await page.waitForFunction(() => {
    const { RED } = globalThis as unknown as { RED: { nodes: { getType(type: string): unknown } } };
    return Boolean(RED.nodes.getType('email-server-connector'));
  });
  return page;
}

/** The text of a file in the repository or in a dependency. */
export function source(path: string): string {
  return readFileSync(path, 'utf8');
}
