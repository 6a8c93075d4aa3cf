import assert from 'node:assert/strict';
import { fieldsFor, grantsOf, timeLeft } from '../../../nodes/editor/connector/oauth-fields';

const fields = (authType: string, oauthProvider: string, oauthGrant: string) =>
  [...fieldsFor({ authType, oauthProvider, oauthGrant })].sort();

describe('the fields of a login', () => {
  it('are the password alone without OAuth2', () => {
    assert.deepEqual(fields('password', 'microsoft', 'authorization_code'), ['password']);
  });

  it('are those of the provider and of who the token is for', () => {
    const common = ['oauthGrant', 'oauthProvider', 'oauthScope', 'oauthTokenUrl'];
    assert.deepEqual(
      fields('oauth2', 'microsoft', 'client_credentials'),
      [...common, 'clientSecret', 'oauthClientId', 'oauthTenant'].sort(),
    );
    assert.deepEqual(fields('oauth2', 'google', 'service_account'), [...common, 'serviceAccountKey'].sort());
    const signsIn = fields('oauth2', 'microsoft', 'authorization_code');
    for (const field of ['refreshToken', 'signIn', 'signInByCode']) assert.ok(signsIn.includes(field), field);
    assert.ok(!fields('oauth2', 'google', 'authorization_code').includes('signInByCode'));
  });

  it('offer the grants that a provider gives for mail', () => {
    assert.ok(!grantsOf('microsoft').includes('service_account'));
    assert.ok(!grantsOf('google').includes('client_credentials'));
    assert.equal(grantsOf('other').length, 3);
  });

  it('count the time down', () => {
    assert.deepEqual([899_500, 61_000, 1, -5].map(timeLeft), ['15:00', '1:01', '0:01', '0:00']);
  });
});
