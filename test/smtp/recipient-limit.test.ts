import assert from 'node:assert/strict';
import { createRecipientLimit, isTooManyRecipients, saidLimit } from '../../nodes/smtp/recipient-limit';

const reply = (response: string, command: string) =>
  Object.assign(new Error('refused'), {
    code: command === 'DATA' ? 'EMESSAGE' : 'EENVELOPE',
    command,
    response,
    responseCode: Number(response.slice(0, 3)),
  });

describe('a refusal because of too many recipients', () => {
  const rows: [response: string, command: string, tooMany: boolean][] = [
    ['452 4.5.3 Error: too many recipients', 'RCPT TO', true],
    ['452 4.5.3 Too many recipients of one domain', 'RCPT TO', true],
    ['452 Too many recipients', 'RCPT TO', true],
    ['552 5.5.3 Maximum limit of 5 recipients reached', 'RCPT TO', true],
    ['550 5.5.3 Too many recipients', 'RCPT TO', true],
    ['552 Too many recipients', 'RCPT TO', true],
    ['450 maximum number of recipients exceeded', 'RCPT TO', true],
    ['451-4.3.0 Multiple destination domains per transaction is unsupported.', 'RCPT TO', true],
    ['554 Recipient count exceeds 50', 'DATA', true],
    ['550 5.5.3 RESOLVER.ADR.RecipLimit; too many recipients', 'DATA', true],
    ['550 5.5.3 RESOLVER.ADR.RecipLimit', 'DATA', true],
    ['421 4.5.3 Too many recipients', 'CONN', true],
    ['421 4.7.0 Too many errors', 'CONN', false],
    ['550 5.5.3 Too many recipients', 'MAIL FROM', false],
    ['452 4.5.3 Too many recipients received this hour', 'RCPT TO', false],
    ['452 4.2.2 mailbox full', 'RCPT TO', false],
    ['550 5.1.1 recipient unknown', 'RCPT TO', false],
    ['450 4.2.1 The recipient gets too many mails', 'RCPT TO', false],
    ['554 5.7.1 spam', 'DATA', false],
    ['552 5.3.4 message size exceeds maximum', 'DATA', false],
  ];
  for (const [response, command, tooMany] of rows) {
    it(`${response} (${command}): ${tooMany ? 'yes' : 'no'}`, () =>
      assert.equal(isTooManyRecipients(reply(response, command)), tooMany));
  }
});

describe('the number of recipients that the server takes', () => {
  const [a, b, c, d, e] = ['a', 'b', 'c', 'd', 'e'];
  const all = [a, b, c, d, e] as string[];

  it('is not limited until it refuses some', () => {
    assert.deepEqual(createRecipientLimit().split(all), { asked: all, rest: [] });
  });

  it('is what it took before it refused the others, and never grows', () => {
    const limit = createRecipientLimit();
    limit.exceeded(5, 2);
    assert.deepEqual(limit.split(all), { asked: [a, b], rest: [c, d, e] });
    limit.exceeded(5, 3);
    assert.deepEqual(limit.split(all).asked, [a, b]);
  });

  it('is half of what it refused as a whole, and one at least', () => {
    const limit = createRecipientLimit();
    limit.exceeded(5, 0);
    assert.deepEqual(limit.split(all).asked, [a, b]);
    limit.exceeded(1, 0);
    assert.deepEqual(limit.split(all).asked, [a]);
  });

  it('is the number in its refusal, if that can be', () => {
    const said = (response: string) => saidLimit(reply(response, 'DATA'));
    assert.equal(said('554 Recipient count exceeds 50'), 50);
    assert.equal(said('554 5.5.3 Maximum limit of 5 recipients reached'), 5);
    assert.equal(said('550 5.5.3 RESOLVER.ADR.RecipLimit'), 0);
    for (const [number, next] of [
      [3, 3],
      [5, 2],
      [500, 2],
      [0, 2],
    ] as const) {
      const limit = createRecipientLimit();
      limit.exceeded(5, 0, number);
      assert.equal(limit.split(all).asked.length, next);
    }
  });

  it('is what its EHLO says', () => {
    const limit = createRecipientLimit();
    limit.readEhlo(['SIZE 1000', 'LIMITS MAILMAX=20 RCPTMAX=3 RCPTDOMAINMAX=1']);
    assert.deepEqual(limit.split(all), { asked: [a, b, c], rest: [d, e] });
    limit.readEhlo(['LIMITS RCPTMAX=0', 'LIMITS']);
    limit.readEhlo([]);
    assert.equal(limit.split(all).asked.length, 3);
  });
});
