import assert from 'node:assert/strict';
import type { Issued } from '../../nodes/oauth2/endpoint';
import { TokenError } from '../../nodes/oauth2/token-error';
import { createTokenSource } from '../../nodes/oauth2/token-source';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** A source whose provider answers as the test says, at a time that the test says. */
function sourceWith(life = HOUR) {
  let time = 1_000_000;
  let count = 0;
  let waited = 0;
  const answers: (() => Promise<Issued>)[] = [];
  const usual = () =>
    Promise.resolve({ accessToken: `token ${count}`, life, refreshToken: null, scope: null });
  const source = createTokenSource(
    () => {
      count += 1;
      return (answers.shift() ?? usual)();
    },
    () => time,
    (ms) => {
      time += ms;
      waited += ms;
      return Promise.resolve();
    },
  );
  return {
    source,
    pass: (ms: number) => (time += ms),
    requests: () => count,
    waited: () => waited,
    next: (...answer: (() => Promise<Issued>)[]) => answers.push(...answer),
  };
}

const fails =
  (code: string, retryAfter: number | null = null) =>
  () =>
    Promise.reject(new TokenError(code, code, retryAfter));

describe('the access token', () => {
  it('is asked for once, however many connections want it', async () => {
    const { source, requests } = sourceWith();
    const got = await Promise.all(Array.from({ length: 10 }, () => source.get()));
    assert.deepEqual([...new Set(got)], ['token 1']);
    assert.equal(await source.get(), 'token 1');
    assert.equal(requests(), 1);
  });

  it('is renewed when a fifth of its life is left, at most five minutes', async () => {
    for (const [life, lead] of [
      [10 * MINUTE, 2 * MINUTE],
      [HOUR, 5 * MINUTE],
    ] as const) {
      const { source, pass } = sourceWith(life);
      await source.get();
      pass(life - lead - 1);
      assert.equal(await source.get(), 'token 1');
      pass(1);
      assert.equal(await source.get(), 'token 2');
    }
  });

  it('is used on while it is good when the provider can not renew it', async () => {
    const { source, pass, next } = sourceWith();
    await source.get();
    pass(56 * MINUTE);
    next(fails('unavailable'), fails('unavailable'));
    assert.equal(await source.get(), 'token 1');
    pass(4 * MINUTE);
    await assert.rejects(source.get(), { originalCode: 'unavailable' });
    assert.equal(await source.get(), 'token 3'.replace('3', '4'));
  });

  it('is asked for once more when the server refused it, for all who had it', async () => {
    const { source, requests } = sourceWith();
    const first = await source.get();
    const others = await Promise.all(Array.from({ length: 10 }, () => source.replace(first)));
    assert.deepEqual([...new Set(others)], ['token 2']);
    assert.equal(await source.replace(first), 'token 2');
    assert.equal(requests(), 2);
  });

  it('is asked for twice a minute at most while the server refuses it', async () => {
    const { source, requests, pass } = sourceWith();
    for (let i = 0; i < 20; i += 1) {
      const token = await source.get();
      await source.replace(token);
      pass(1_000);
    }
    assert.equal(requests(), 2);
    pass(MINUTE);
    await source.replace(await source.get());
    assert.ok(requests() <= 4);
  });

  it('is asked for twice a minute at most while the provider refuses: whoever wants it more often waits', async () => {
    const { source, requests, next, waited } = sourceWith();
    next(...Array.from({ length: 7 }, () => fails('invalid_grant')));
    for (let minute = 0; minute < 3; minute += 1) {
      await assert.rejects(source.get(), { originalCode: 'invalid_grant' });
      await assert.rejects(source.get(), { originalCode: 'invalid_grant' });
      assert.equal(waited(), minute * MINUTE);
    }
    assert.equal(requests(), 6);
    await assert.rejects(source.get());
    assert.equal(await source.get(), 'token 8');
    assert.equal(waited(), 3 * MINUTE);
  });

  it('is not asked for before the time that Retry-After names', async () => {
    const { source, requests, pass, next } = sourceWith();
    next(fails('unavailable', 30_000));
    await assert.rejects(source.get());
    pass(29_999);
    await assert.rejects(source.get(), { originalCode: 'unavailable', retryAfter: 1 });
    assert.equal(requests(), 1);
    pass(1);
    assert.equal(await source.get(), 'token 2');
  });

  it('is replaced long before the limit counts when an old one is refused', async () => {
    const { source, pass } = sourceWith();
    const token = await source.get();
    pass(30 * MINUTE);
    assert.equal(await source.replace(token), 'token 2');
    source.accepted('token 2');
    assert.equal(await source.get(), 'token 2');
  });

  it('is renewed now and then though nobody sends, so that the refresh token lives', async () => {
    const { source, requests, pass } = sourceWith();
    await source.keepAlive(24 * HOUR);
    assert.equal(requests(), 1);
    pass(23 * HOUR);
    await source.keepAlive(24 * HOUR);
    assert.equal(requests(), 1);
    pass(HOUR);
    await source.keepAlive(24 * HOUR);
    assert.equal(requests(), 2);
  });
});
