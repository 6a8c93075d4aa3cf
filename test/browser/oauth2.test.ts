import assert from 'node:assert/strict';
import type { Page } from 'playwright-core';
import { CLIENT_ID } from '../oauth2/oauth-fixture';
import { startTokenServer, type TokenServer } from '../servers/token-server';
import { editConnector, leave } from './dialogs';
import { openFlow, type OpenedFlow } from './opened-flow';

const FIELD = '#node-config-input-';

describe('the login of a connector in its dialog', function () {
  this.timeout(60_000);
  let opened: OpenedFlow | undefined;
  let server: TokenServer;
  let page: Page;

  before(async function () {
    server = await startTokenServer();
    opened = await openFlow(this, {}, { user: 'alerts@example.com', password: 'x' });
    ({ page } = opened);
  });
  after(async () => {
    await opened?.close();
    await server.close();
  });
  beforeEach(async () => {
    await editConnector(page);
    await page.fill(`${FIELD}title`, 'OAuth2');
    await page.fill(`${FIELD}username`, 'alerts@contoso.example');
    await page.selectOption(`${FIELD}authType`, 'oauth2');
    await page.fill(`${FIELD}oauthClientId`, CLIENT_ID);
    await page.fill(`${FIELD}oauthTokenUrl`, server.tokenUrl);
    await page.fill(`${FIELD}oauthAuthUrl`, server.authUrl);
    await page.fill(`${FIELD}oauthDeviceUrl`, server.deviceUrl);
  });
  afterEach(() => leave(page, '#node-config-dialog-cancel'));

  const visible = (field: string) => page.locator(FIELD + field).isVisible();

  it('shows the fields of the choice, and keeps the others', async () => {
    assert.equal(await visible('password'), false);
    await page.selectOption(`${FIELD}oauthGrant`, 'client_credentials');
    assert.deepEqual([await visible('clientSecret'), await visible('refreshToken')], [true, false]);
    assert.equal(await page.locator('#esc-sign-in').isVisible(), false);
    await page.selectOption(`${FIELD}oauthProvider`, 'google');
    assert.deepEqual(
      await page
        .locator(`${FIELD}oauthGrant option`)
        .evaluateAll((all) => all.map((one) => (one as unknown as { value: string }).value)),
      ['authorization_code', 'service_account'],
    );
    await page.selectOption(`${FIELD}oauthGrant`, 'service_account');
    assert.deepEqual([await visible('serviceAccountKey'), await visible('oauthClientId')], [true, false]);
    await page.selectOption(`${FIELD}authType`, 'password');
    assert.deepEqual([await visible('password'), await visible('oauthProvider')], [true, false]);
    assert.equal(await page.inputValue(`${FIELD}oauthTokenUrl`), server.tokenUrl);
  });

  it('signs in on the page of the provider, which comes back by itself', async () => {
    const popup = page.waitForEvent('popup');
    await page.click('#esc-sign-in');
    const last = await popup;
    await last.locator('text=You are signed in').waitFor();
    await page.locator('#esc-sign-in-result .esc-good').waitFor();
    assert.match(await page.inputValue(`${FIELD}refreshToken`), /^signed-in:/);
    await last.close();
  });

  it('signs in by code, with the time that is left', async () => {
    await page.click('#esc-sign-in-code');
    const code = await page.locator('#esc-sign-in-result code').innerText();
    assert.match(await page.locator('#esc-sign-in-result').innerText(), /1[45]:\d\d minutes left/);
    assert.equal(await page.locator('#esc-sign-in-result a').getAttribute('href'), `${server.url}/device`);
    server.answerDevice(code, 'approve');
    await page.locator('#esc-sign-in-result .esc-good').waitFor();
  });

  it('says what the provider says', async () => {
    await page.fill(`${FIELD}oauthClientId`, 'another app');
    await page.click('#esc-sign-in-code');
    assert.match(await page.locator('#esc-sign-in-result .esc-bad').innerText(), /unauthorized_client/);
  });
});
