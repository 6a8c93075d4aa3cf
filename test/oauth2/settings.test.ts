import assert from 'node:assert/strict';
import { notSignedIn, readOAuth, type OAuthFields } from '../../nodes/oauth2/settings';
import { EMPTY, KEY_FILE, MAILBOX } from './oauth-fixture';

const read = (fields: Partial<OAuthFields>, user = MAILBOX) =>
  readOAuth({ ...EMPTY, clientId: 'app', ...fields }, user);
const messages = (fields: Partial<OAuthFields>, user?: string) =>
  read(fields, user).errors.map(({ message }) => message);

describe('the OAuth2 settings', () => {
  it('are filled by Microsoft, for somebody who signs in and for an app', () => {
    const { settings, errors } = read({ tenant: 'contoso.example' });
    assert.deepEqual(errors, []);
    assert.equal(settings.tokenUrl, 'https://login.microsoftonline.com/contoso.example/oauth2/v2.0/token');
    assert.equal(settings.authUrl, 'https://login.microsoftonline.com/contoso.example/oauth2/v2.0/authorize');
    assert.equal(
      settings.deviceUrl,
      'https://login.microsoftonline.com/contoso.example/oauth2/v2.0/devicecode',
    );
    assert.equal(settings.scope, 'https://outlook.office.com/SMTP.Send offline_access');
    const app = read({ tenant: 'contoso.example', grant: 'client_credentials', clientSecret: 'x' });
    assert.deepEqual(app.errors, []);
    assert.equal(app.settings.scope, 'https://outlook.office365.com/.default');
  });

  it('are filled by Google, for somebody who signs in and for a service account', () => {
    const { settings, errors } = read({ provider: 'google' });
    assert.deepEqual(errors, []);
    assert.equal(settings.tokenUrl, 'https://oauth2.googleapis.com/token');
    assert.equal(settings.scope, 'https://mail.google.com/');
    assert.equal(settings.deviceUrl, '');
    const service = read({
      provider: 'google',
      grant: 'service_account',
      clientId: '',
      serviceAccountKey: KEY_FILE,
    });
    assert.deepEqual(service.errors, []);
    assert.equal(service.settings.serviceAccount?.email, 'alerts@project.iam.gserviceaccount.com');
  });

  it('say of each part that is missing which one it is', () => {
    assert.deepEqual(messages({ clientId: '' }), ['oauthClientId: the id of the registered app is missing']);
    assert.deepEqual(messages({ provider: 'other' }), [
      'oauthTokenUrl: the address of the token endpoint is missing',
    ]);
    assert.deepEqual(messages({}, ''), ['username: the address of the mailbox is missing']);
    assert.deepEqual(messages({ grant: 'client_credentials', tenant: 'contoso.example' }), [
      'clientSecret: the secret of the app is missing',
    ]);
    assert.deepEqual(messages({ provider: 'google', grant: 'service_account' }), [
      'serviceAccountKey: the key file of the service account is missing',
    ]);
    assert.match(notSignedIn(read({}).settings)?.message ?? '', /nobody has signed in/);
    assert.equal(notSignedIn(read({ refreshToken: 'x' }).settings), null);
  });

  it('want a tenant of their own for an app, and one that can be a name', () => {
    for (const tenant of ['', 'organizations', 'Common', 'consumers']) {
      const [message] = messages({ grant: 'client_credentials', clientSecret: 'x', tenant });
      assert.match(message ?? '', /^oauthTenant: client_credentials needs the id or a domain of your tenant/);
    }
    assert.match(messages({ tenant: 'a/../b' })[0] ?? '', /^oauthTenant: "a\/\.\.\/b" is neither/);
  });

  it('refuse a grant that the provider does not give for mail', () => {
    assert.match(
      messages({ provider: 'google', grant: 'client_credentials', clientSecret: 'x' })[0] ?? '',
      /Google gives no token/,
    );
    assert.match(
      messages({ grant: 'service_account', serviceAccountKey: KEY_FILE })[0] ?? '',
      /Microsoft gives no token/,
    );
  });

  it('take endpoints with https only, and with http on this machine', () => {
    const at = (tokenUrl: string) => messages({ provider: 'other', tokenUrl });
    assert.deepEqual(at('https://login.example.com/token'), []);
    for (const host of ['127.0.0.1:8080', 'localhost', '[::1]:80'])
      assert.deepEqual(at(`http://${host}/t`), []);
    assert.match(at('http://login.example.com/token')[0] ?? '', /must begin with https/);
    assert.match(at('ftp://127.0.0.1/token')[0] ?? '', /must begin with https/);
    assert.match(at('login.example.com/token')[0] ?? '', /is not the address/);
    const [withPassword = ''] = at('https://me:hunter2@login.example.com/');
    assert.match(withPassword, /password in it/);
    assert.doesNotMatch(withPassword, /hunter2/);
  });

  it('say what is wrong with a key file, and show nothing of it', () => {
    const key = (serviceAccountKey: string) =>
      messages({ provider: 'google', grant: 'service_account', serviceAccountKey })[0] ?? '';
    assert.match(key('-----BEGIN'), /not JSON/);
    assert.match(key('{"private_key":"hunter2"}'), /client_email or private_key is missing/);
    const broken = key(JSON.stringify({ client_email: 'a@b', private_key: 'hunter2' }));
    assert.match(broken, /can not be read/);
    assert.doesNotMatch(broken, /hunter2/);
  });
});
