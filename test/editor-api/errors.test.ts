import assert from 'node:assert/strict';
import { limitBody } from '../../nodes/editor-api/body';
import { badRequest, errorAnswer, notFound } from '../../nodes/editor-api/errors';
import { MailError } from '../../nodes/types';

describe('the errors of the routes', () => {
  it('name field and value of a bad request, with status 400', () => {
    assert.deepEqual(errorAnswer(badRequest('state', 'on', 'RUN or STOPPED')), {
      status: 400,
      body: { error: { code: 'BAD_REQUEST', message: 'state is "on": it must be RUN or STOPPED' } },
    });
    assert.match(badRequest('to', undefined, 'a text').message, /^to is missing/);
  });

  it('say what to do in the message', () => {
    const { status, body } = errorAnswer(notFound('email-server-connector', 'abc'));
    assert.equal(status, 404);
    assert.match(body.error.message, /no email-server-connector with the id "abc"\. Deploy it first/);
  });

  for (const [code, status] of [
    ['PASSWORD_NEEDED', 409],
    ['TOO_LARGE', 413],
    ['NOT_JSON', 415],
    ['BUSY', 429],
  ] as const) {
    it(`answer ${code} with ${status}`, () => {
      assert.equal(errorAnswer(new MailError(code, 'x')).status, status);
    });
  }

  it('keep the words of an unexpected error to the log', () => {
    for (const error of [new Error('a secret'), 'a secret', new MailError('AUTH', 'a secret')]) {
      const { status, body } = errorAnswer(error);
      assert.equal(status, 500);
      assert.doesNotMatch(JSON.stringify(body), /secret/);
    }
  });

  it('refuse a body that is too large by its bytes, or too deep to measure', () => {
    limitBody({ text: 'aaaa' }, 20);
    assert.throws(() => limitBody({ text: 'öööööööö' }, 20), { code: 'TOO_LARGE' });
    let deep: unknown = [];
    for (let i = 0; i < 200_000; i++) deep = [deep];
    assert.throws(() => limitBody(deep, 10_000_000), { code: 'BAD_REQUEST' });
  });
});
