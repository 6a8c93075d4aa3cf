/** What a person does in the editor and its dialogs. */
import type { Locator, Page } from 'playwright-core';
import type { Loose } from '../flows/node-red';

/** Opens the dialog of a flow node that is deployed or was added. */
export async function editNode(page: Page, id: string): Promise<void> {
  await isThere(page, id);
  await page.evaluate((node) => {
    const { RED } = globalThis as Loose;
    RED.editor.edit(RED.nodes.node(node));
  }, id);
  await page.locator('#node-input-template-editor .view-line').first().waitFor();
  await slidIn(page);
}

/** Opens the dialog of a connector, or of a new one. */
export async function editConnector(page: Page, id = '_ADD_'): Promise<void> {
  if (id !== '_ADD_') await isThere(page, id);
  await page.evaluate((node) => {
    (globalThis as Loose).RED.editor.editConfig('', 'email-server-connector', node);
  }, id);
  await page.locator('#node-config-input-properties-editor').waitFor();
  await slidIn(page);
}

/** Resolves when the editor knows a node: it gets the flows after the palette. */
async function isThere(page: Page, id: string): Promise<void> {
  await page.waitForFunction((node) => (globalThis as Loose).RED.nodes.node(node), id);
}

/** Resolves when the newest dialog is where it belongs: what is clicked before may miss. */
export async function slidIn(page: Page): Promise<void> {
  await page.waitForFunction(
    "getComputedStyle([...document.querySelectorAll('.red-ui-tray')].at(-1)).right === '0px'",
  );
}

/** Presses a button of the newest dialog, and resolves when that dialog is gone and the one below is there again. */
export async function leave(page: Page, button: string): Promise<void> {
  await page.click(button);
  await page.locator(button).waitFor({ state: 'detached' });
  if ((await page.locator('.red-ui-tray').count()) > 0) await slidIn(page);
}

/** Chooses the type of a field in the menu: `str` is the template. */
export async function chooseType(page: Page, field: string, type: string): Promise<void> {
  // A click is lost when the preview moves the form between its down and its up; a person clicks once more then.
  while ((await page.inputValue(`#node-input-${field}Type`)) !== type) {
    await page.click(`#node-input-${field} + .red-ui-typedInput-container .red-ui-typedInput-type-select`);
    const option = page.locator(`.red-ui-typedInput-options:visible a[value=${type}]`);
    await option.click({ timeout: 1_000 }).catch(() => undefined);
  }
}

/** Replaces the text in the Monaco editor that has this element; typing would have brackets and quotes closed. */
export async function writeCode(page: Page, editor: string, text: string): Promise<void> {
  await page.locator(`${editor} .view-line`).first().waitFor();
  await page.evaluate(
    ([selector, value]) => {
      const { monaco, document } = globalThis as Loose;
      const place = document.querySelector(selector);
      monaco.editor
        .getEditors()
        .find((one: Loose) => place.contains(one.getContainerDomNode()))
        .setValue(value);
    },
    [editor, text],
  );
}

/** The text in the Monaco editor that has this element. */
export function readCode(page: Page, editor: string): Promise<string> {
  return page.evaluate((selector) => {
    const { monaco, document } = globalThis as Loose;
    const place = document.querySelector(selector);
    return monaco.editor
      .getEditors()
      .find((one: Loose) => place.contains(one.getContainerDomNode()))
      .getValue();
  }, editor);
}

/** Drags a node out of the palette to a place in the workspace, and gives its id. */
export async function addNode(page: Page, type: string, x: number, y: number): Promise<string> {
  const source = page.locator(`.red-ui-palette-node[data-palette-type="${type}"]`);
  await source.scrollIntoViewIfNeeded();
  await drag(page, source, { x, y });
  return page.evaluate((wanted) => {
    const { RED } = globalThis as Loose;
    return RED.nodes.filterNodes({ type: wanted }).at(-1).id;
  }, type);
}

/** Draws a wire from an output of a node to the input of another. */
export async function wire(page: Page, from: string, output: number, to: string): Promise<void> {
  const target = await page.locator(`[id="${to}"] .red-ui-flow-port-input`).boundingBox();
  if (!target) throw new Error(`${to} has no input on the screen`);
  await drag(page, page.locator(`[id="${from}"] .red-ui-flow-port-output`).nth(output), {
    x: target.x + target.width / 2,
    y: target.y + target.height / 2,
  });
}

/** Deploys what is in the workspace; resolves when the runtime has it. */
export async function deploy(page: Page): Promise<void> {
  const done = page.waitForResponse(
    (response) => response.url().endsWith('/flows') && response.request().method() === 'POST',
  );
  await page.click('#red-ui-header-button-deploy');
  await done;
}

async function drag(page: Page, from: Locator, to: { x: number; y: number }): Promise<void> {
  await from.hover();
  await page.mouse.down();
  await page.mouse.move(to.x, to.y, { steps: 8 });
  await page.mouse.up();
}
