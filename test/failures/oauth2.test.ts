import assert from 'node:assert/strict';
import { classifyFailure } from '../../nodes/failures/classify';
import { refusalOf, TokenError } from '../../nodes/oauth2/token-error';
import { DEVICE, GOOGLE, MICROSOFT, type Refusal } from '../servers/token-answers';

const FACTS = { dotHandedOver: false, reused: false, aborted: false, token: true };
const MINUTE = 60_000;

function meaningOf({ status, body }: Refusal, retryAfter: number | null = null) {
  const answer = { status, body: JSON.stringify(body), retryAfter };
  return classifyFailure(
    refusalOf('login.example.com', answer, (text) => text),
    FACTS,
  );
}

describe('what the refusal of a token means', () => {
  const rows: [keyof typeof MICROSOFT, RegExp, RegExp][] = [
    ['wrongSecret', /refused the client secret.*AADSTS7000215/, /value of the client secret, not its id/],
    ['expiredSecret', /client secret has expired.*AADSTS7000222/, /Make a new client secret/],
    ['noSecret', /wants the client secret.*AADSTS7000218/, /Allow public client flows/],
    ['unknownApp', /does not know the app.*AADSTS700016/, /oauthClientId and oauthTenant/],
    ['noConsent', /consent for the app is missing.*AADSTS65001/, /administrator grant it/],
    ['revoked', /sign-in has ended.*AADSTS50173/, /Sign in again/],
    ['inactive', /sign-in has ended.*AADSTS700082/, /Sign in again/],
    ['conditionalAccess', /blocks the sign-in.*AADSTS53003/, /Conditional Access/],
    ['unknownTenant', /does not know the tenant.*AADSTS90002/, /oauthTenant/],
    ['badScope', /does not know the scope.*AADSTS70011/, /oauthScope/],
  ];
  it('has a row for each answer of Microsoft', () => {
    assert.deepEqual(rows.map(([name]) => name).sort(), Object.keys(MICROSOFT).sort());
  });
  for (const [name, message, hint] of rows) {
    it(`Microsoft ${name}: the account waits, and ${String(hint)}`, () => {
      const { scope, permanent, minWait, error } = meaningOf(MICROSOFT[name]);
      assert.deepEqual([scope, permanent, minWait, error.code], ['account', false, 5 * MINUTE, 'OAUTH2']);
      assert.match(error.message, message);
      assert.match(error.hint ?? '', hint);
    });
  }

  const googleRows: [keyof typeof GOOGLE, RegExp, RegExp][] = [
    ['revoked', /sign-in has ended/, /7 days.*"Testing"/],
    ['wrongSecret', /refused the client secret/, /client secret/],
    ['unknownClient', /does not know the app/, /oauthClientId/],
    ['deletedClient', /does not know the app/, /oauthClientId/],
    ['noSecret', /wants the client secret/, /Fill in the client secret/],
    ['noDelegation', /may not act for the mailbox/, /domain-wide delegation/],
    ['clock', /clock of this machine is wrong/, /NTP/],
    ['badSignature', /refused the key of the service account/, /new key file/],
    ['unknownMailbox', /does not know the mailbox/, /username/],
    ['adminPolicy', /consent for the app is missing/, /administrator/],
  ];
  it('has a row for each answer of Google', () => {
    assert.deepEqual(googleRows.map(([name]) => name).sort(), Object.keys(GOOGLE).sort());
  });
  for (const [name, message, hint] of googleRows) {
    it(`Google ${name}: the account waits, and ${String(hint)}`, () => {
      const { scope, minWait, error } = meaningOf(GOOGLE[name]);
      assert.deepEqual([scope, minWait, error.code], ['account', 5 * MINUTE, 'OAUTH2']);
      assert.match(error.message, message);
      assert.match(error.hint ?? '', hint);
    });
  }

  it('tells what is not known here in the words of the provider', () => {
    const { scope, minWait, error } = meaningOf({
      status: 400,
      body: {
        error: 'invalid_target',
        error_description: 'AADSTS500011: The resource principal was not found.',
      },
    });
    assert.deepEqual([scope, minWait], ['account', 5 * MINUTE]);
    assert.match(error.message, /invalid_target: AADSTS500011: The resource principal was not found/);
    assert.match(error.hint ?? '', /microsoftonline\.com\/error/);
    assert.equal(meaningOf(DEVICE.expired).error.code, 'OAUTH2');
  });

  it('waits as long as Retry-After says, and tries again by itself', () => {
    const failure = meaningOf({ status: 429, body: {} }, 90_000);
    assert.deepEqual([failure.scope, failure.minWait, failure.error.code], ['account', 90_000, 'OAUTH2']);
    assert.match(failure.error.hint ?? '', /^It is tried again/);
    assert.equal(meaningOf({ status: 503, body: {} }).minWait, 0);
    const refused = meaningOf(MICROSOFT.expiredSecret, 1_000);
    assert.equal(refused.minWait, 5 * MINUTE);
  });

  for (const fault of ['timeout', 'unreachable', 'malformed', 'storage', 'aborted']) {
    it(`tries again after ${fault}, without a person`, () => {
      const { scope, permanent, minWait, error } = classifyFailure(
        new TokenError(fault, 'what happened'),
        FACTS,
      );
      assert.deepEqual([scope, permanent, minWait], ['account', false, 0]);
      assert.match(error.hint ?? '', /^It is tried again/);
      assert.match(error.message, /what happened/);
    });
  }
});
