import assert from 'node:assert/strict';
import type { Browser, Page } from 'playwright-core';
import type { MailFlow } from '../flows/mail-flow';
import type { Loose, NodeRed } from '../flows/node-red';
import type { Inbox } from '../servers/inbox';
import { startDecoy, type Decoy } from './decoy';
import { editNode, leave, readCode, writeCode } from './dialogs';
import { openFlow, type OpenedFlow } from './opened-flow';

const TEMPLATE = '#node-input-template-editor';
const SAMPLES = '#send-email-samples-editor';

describe('the preview of send-email', function () {
  this.timeout(60_000);
  let opened: OpenedFlow | undefined;
  let red: NodeRed;
  let inbox: Inbox;
  let decoy: Decoy;
  let browser: Browser;
  let flow: MailFlow;
  let page: Page;

  before(async function () {
    opened = await openFlow(this, {
      sendEmail: { to: '{{owner}}@example.com', template: '<p>{{topic}}: {{event}}</p>' },
    });
    ({ red, inbox, browser, flow, page } = opened);
    decoy = await startDecoy();
  });
  after(async () => {
    await opened?.close();
    await decoy?.close();
  });

  beforeEach(() => editNode(page, flow.ids.sendEmail));
  afterEach(() => leave(page, '#node-dialog-cancel'));

  const frame = () => page.frameLocator('#send-email-preview-frame iframe').locator('body');
  const problem = (field: string) => page.locator(`.send-email-problem[data-field=${field}]`);
  const advice = (field: string) => page.locator(`.send-email-advice[data-field=${field}]`);

  /** The lines of the template that are marked. */
  const marked = () =>
    page.evaluate(() =>
      (globalThis as Loose).monaco.editor
        .getModelMarkers({ owner: 'email-server-connector' })
        .map(({ startLineNumber }: Loose) => startLineNumber as number),
    );

  async function openPreview(samples: object | string, template?: string): Promise<void> {
    if (template !== undefined) await writeCode(page, TEMPLATE, template);
    await page.click('#send-email-preview-toggle');
    await writeCode(page, SAMPLES, typeof samples === 'string' ? samples : JSON.stringify(samples));
  }

  it('shows what is then received', async () => {
    const msg = { topic: 'Pump <3> & "valve"', payload: 'hot\nand loud <b>now</b>', owner: 'Anna' };
    await openPreview(msg);
    await frame().getByText('hot').waitFor();
    const shown = {
      subject: await page.locator('#send-email-preview-subject').innerText(),
      to: await page.locator('#send-email-preview-to').innerText(),
      text: await page.locator('#send-email-preview-text').innerText(),
      html: await frame().innerHTML(),
    };
    await flow.send(msg);
    const { parsed, envelope } = await inbox.nextMail();
    const html = await page.evaluate((received) => {
      const parser = new (globalThis as Loose).DOMParser();
      return parser.parseFromString(received, 'text/html').body.innerHTML as string;
    }, String(parsed.html));
    assert.deepEqual(shown, {
      subject: parsed.subject,
      to: envelope.to.join(', '),
      text: parsed.text?.trimEnd(),
      html: html.trimEnd(),
    });
  });

  it('follows what is typed, in every field and in the samples', async () => {
    await openPreview({ topic: 'first', payload: 1, owner: 'anna' });
    await frame().getByText('first: 1').waitFor();
    await page.fill('#node-input-subject-shown', 'On {{topic}}');
    await page.locator('#send-email-preview-subject', { hasText: 'On first' }).waitFor();
    await writeCode(page, SAMPLES, '{"topic": "second", "payload": 2, "owner": "bert"}');
    await frame().getByText('second: 2').waitFor();
    await page.locator('#send-email-preview-to', { hasText: 'bert@example.com' }).waitFor();
    await page.selectOption('#node-input-format', 'text');
    await page.locator('#send-email-preview-text', { hasText: '<p>second: 2</p>' }).waitFor();
    assert.equal(await page.locator('#send-email-preview-frame').isVisible(), false);
  });

  it('puts as many samples into the mail as the node would', async () => {
    const samples = [1, 2, 3].map((payload) => ({ topic: 'n', payload, owner: 'anna' }));
    await openPreview(samples);
    await page.getByText('The first mail, with 1 of 3 sample msgs').waitFor();
    await page.fill('#node-input-batchSize', '2');
    await page.getByText('The first mail, with 2 of 3 sample msgs').waitFor();
    assert.match(await page.locator('#send-email-preview-text').innerText(), /^n: 1\s+n: 2$/);
  });

  it('shows each problem at its field, as long as it is there', async () => {
    await openPreview({ payload: 1 }, 'one\n{{#events}}');
    await problem('template').filter({ hasText: 'line 2: Unclosed section' }).waitFor();
    assert.deepEqual(await marked(), [2]);
    await writeCode(page, TEMPLATE, '{{event}}');
    await problem('to').filter({ hasText: '{{owner}} has no value' }).waitFor();
    assert.equal(await problem('template').isVisible(), false);
    assert.deepEqual(await marked(), []);
    await page.fill('#node-input-to-shown', 'nobody');
    await problem('to').filter({ hasText: 'nobody' }).waitFor();
    await page.getByText('Something is not right yet: see To.').waitFor();
    await writeCode(page, SAMPLES, '{"payload": ');
    await problem('samples').filter({ hasText: 'no JSON' }).waitFor();
    await page.fill('#node-input-to-shown', 'a@example.com');
    await writeCode(page, SAMPLES, '{"payload": 1}');
    await problem('samples').waitFor({ state: 'hidden' });
    await problem('to').waitFor({ state: 'hidden' });
    assert.equal(await page.locator('.send-email-problem:visible').count(), 0);
  });

  it('shows a mail whose sender only the connector will know, and says so', async () => {
    const id = flow.ids.connector;
    await page.fill('#node-input-from-shown', '');
    await openPreview({ topic: 'x', payload: 1, owner: 'anna' });
    await page.getByText(/The sender comes from the connector/).waitFor();
    await page.locator('#send-email-preview-to', { hasText: 'anna@example.com' }).waitFor();
    assert.equal(await problem('from').isVisible(), false);
    assert.equal(await page.inputValue('#node-input-server'), id);
  });

  it('asks nothing before it is opened and after it is closed', async () => {
    const asked: string[] = [];
    const note = (request: { url(): string }) => {
      if (request.url().endsWith('/send-email/preview')) asked.push(request.url());
    };
    page.on('request', note);
    await page.fill('#node-input-subject-shown', 'one');
    await openPreview({ topic: 'x', payload: 1, owner: 'anna' });
    await frame().getByText('x: 1').waitFor();
    await page.fill('#node-input-subject-shown', 'two');
    await page.click('#send-email-preview-toggle');
    const before = asked.length;
    await page.fill('#node-input-subject-shown', 'three');
    // Two more of its pauses, by the clock of the page.
    await page.evaluate(() => new Promise((resolve) => setTimeout(resolve, 900)));
    assert.equal(asked.length, before);
    page.off('request', note);
  });

  it('keeps the samples until the page is left', async () => {
    const mine = '{"topic": "kept", "owner": "anna"}';
    await openPreview(mine);
    await leave(page, '#node-dialog-cancel');
    await editNode(page, flow.ids.sendEmail);
    await page.click('#send-email-preview-toggle');
    assert.equal(await readCode(page, SAMPLES), mine);
  });

  it('starts with a template of the list, and asks before it replaces an edited one', async () => {
    await page.selectOption('#send-email-template-choice', 'digest');
    await page.getByText('Keep mine').click();
    assert.equal(await readCode(page, TEMPLATE), '<p>{{topic}}: {{event}}</p>');
    await page.selectOption('#send-email-template-choice', 'digest');
    await page.locator('#send-email-template-question').getByText('Replace', { exact: true }).click();
    await advice('batchSize').filter({ hasText: 'more events per mail make a digest' }).waitFor();
    await page.fill('#node-input-batchSize', '5');
    assert.equal(await advice('batchSize').isVisible(), false);
    await openPreview([1, 2].map((payload) => ({ payload, owner: 'anna' })));
    await frame().getByText('2 events').waitFor();
  });

  it('gives bodies that the flow made unchanged, and attaches Buffers, with the template for them', async () => {
    await writeCode(page, TEMPLATE, '');
    await page.selectOption('#node-input-format', 'text');
    await page.selectOption('#send-email-template-choice', 'asIs');
    assert.equal(await readCode(page, TEMPLATE), '{{{event.html}}}');
    assert.equal(await page.inputValue('#node-input-format'), 'html');
    assert.equal(await page.inputValue('#node-input-attach'), 'buffers');
    await openPreview({ payload: '<b>as it is</b>', owner: 'anna' });
    await frame().locator('b', { hasText: 'as it is' }).waitFor();
  });

  it('shows the dark side of a mail that has one', async () => {
    await writeCode(page, TEMPLATE, '');
    await page.selectOption('#send-email-template-choice', 'card');
    await openPreview({ payload: 'alarm', owner: 'anna' });
    await frame().getByText('alarm').waitFor();
    const background = () =>
      frame().evaluate((body) => (globalThis as Loose).getComputedStyle(body).backgroundColor as string);
    const becomes = async (color: string) => {
      // A new preview replaces the frame at any time.
      while ((await background().catch(() => '')) !== color);
    };
    await becomes('rgb(238, 240, 244)');
    await page.selectOption('#send-email-preview-scheme', 'dark');
    await becomes('rgb(23, 25, 30)');
  });

  it('explains fields that do not go together, and hides those without a use', async () => {
    assert.equal(await advice('to').isVisible(), false);
    await page.fill('#node-input-to-shown', '');
    await advice('to').filter({ hasText: 'each msg must bring msg.to' }).waitFor();
    assert.equal(await page.locator('#node-input-batchTimeout').isVisible(), false);
    await page.fill('#node-input-batchSize', '5');
    assert.ok(await page.locator('#node-input-batchTimeout').isVisible());
    assert.equal(await page.locator('#node-input-attachFolder').isVisible(), false);
    await page.selectOption('#node-input-attach', 'buffers');
    assert.ok(await page.locator('.send-email-attach').isVisible());
    assert.equal(await page.locator('#node-input-attachFolder').isVisible(), false);
    await page.selectOption('#node-input-attach', 'true');
    await advice('attachFolder').filter({ hasText: 'only from inside a folder' }).waitFor();
    assert.match((await page.locator('#node-input-attachFolder').getAttribute('class')) ?? '', /input-error/);
  });

  it('names tags without a value, and offers to write the placeholders of the original as tags', async () => {
    await openPreview({ temperature: 21.456, topic: 'T' }, '{{temprature}} {{temperature.fixed1}}');
    await page.locator('#send-email-preview-count').getByText('{{temprature}}').waitFor();
    await frame().getByText('21.5').waitFor();
    await writeCode(page, TEMPLATE, '${index}: ${event}<br>${error}');
    await page.getByRole('button', { name: 'Replace' }).click();
    assert.equal(await readCode(page, TEMPLATE), '{{index}}: {{event}}<br>{{error}}');
  });

  it('runs nothing and loads nothing of a hostile template or msg', async () => {
    const hostile = decoy.trap('shown');
    const samples = { topic: hostile, payload: `${hostile}<p>the end</p>`, owner: 'anna' };
    await openPreview(samples, `${hostile}{{{payload}}}`);
    await frame().getByText('the end').waitFor();
    // A click on a link must not lead anywhere, either.
    await frame().locator('a').first().click();
    await frame().locator('svg a').first().click({ force: true });

    assert.equal(await page.locator('#send-email-preview-frame iframe').getAttribute('sandbox'), '');
    assert.equal(decoy.connections(), 0);

    // The same page without protection: what it does in the meantime, the preview would have done, too.
    const control = await browser.newPage();
    await control.goto(`${decoy.url}/start`);
    const open = decoy.trap('control');
    await control.setContent(open);
    await decoy.requests.waitForOne(({ path }) => path === '/control/refresh');
    for (const kind of ['script', 'onerror', 'image', 'style', 'import', 'frame', 'stylesheet']) {
      await decoy.requests.waitForOne(({ path }) => path === `/control/${kind}`);
    }
    await control.close();

    const reached = decoy.requests.items.map(({ path }) => path).filter((path) => path.startsWith('/shown'));
    assert.deepEqual(reached, []);
    assert.equal(page.url().split('#')[0], `${red.url}/`);
    assert.equal(page.context().pages().length, 1);
    assert.equal(await page.evaluate('window.trapped'), undefined);
    assert.ok(await frame().getByText('the end').isVisible());
    assert.equal(
      await page.locator('#send-email-preview-subject img, #send-email-preview-text img').count(),
      0,
    );
  });
});
