import assert from 'node:assert/strict';
import fs from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createRefreshTokens } from '../../nodes/oauth2/refresh-tokens';

describe('the refresh tokens on disk', () => {
  let folder: string;
  let warnings: string[];
  beforeEach(async () => {
    folder = await fs.mkdtemp(path.join(tmpdir(), 'refresh-tokens-'));
    warnings = [];
  });
  afterEach(() => fs.rm(folder, { recursive: true, force: true }));

  const file = () => path.join(folder, 'email-outbox', 'c1.oauth2');
  const open = (secret: string | null = 'secret', more: Partial<typeof fs> = {}) =>
    createRefreshTokens({
      path: file(),
      secret,
      fs: { ...fs, ...more },
      now: Date.now,
      warn: (text) => warnings.push(text),
    });

  it('are there after a restart, for the refresh token that they came from', async () => {
    await open().save('first', 'second');
    await open().save('first', 'third');
    assert.equal(await open().newest('first'), 'third');
    assert.equal(await open().newest('another'), null);
  });

  it('are for the owner only, and encrypted with the secret of Node-RED', async () => {
    await open().save('the-first-token', 'the-second-token');
    const { mode } = await fs.stat(file());
    assert.equal(mode & 0o777, 0o600);
    assert.equal((await fs.stat(path.dirname(file()))).mode & 0o777, 0o700);
    const content = await fs.readFile(file(), 'utf8');
    for (const token of ['the-first-token', 'the-second-token']) {
      assert.ok(!content.includes(token));
      assert.ok(!Buffer.from(content, 'base64').toString().includes(token));
    }
    assert.equal(await open('another secret').newest('the-first-token'), null);
    assert.match(warnings[0] ?? '', /credentialSecret of Node-RED changed/);
  });

  it('are in clear text where credentials are, because somebody wanted it so', async () => {
    await open(null).save('first', 'second');
    assert.equal(await open(null).newest('first'), 'second');
    assert.equal((await fs.stat(file())).mode & 0o777, 0o600);
  });

  it('keep the earlier one when the new one can not be written', async () => {
    await open().save('first', 'second');
    const full = open('secret', {
      open: () => Promise.reject(Object.assign(new Error('ENOSPC: no space left'), { code: 'ENOSPC' })),
    });
    await assert.rejects(full.save('first', 'third'), { code: 'ENOSPC' });
    assert.equal(await full.newest('first'), 'second');
    assert.equal(await open().newest('first'), 'second');
  });

  it('begin anew after a damage, and say so', async () => {
    await open().save('first', 'second');
    await fs.writeFile(file(), 'broken');
    const again = open();
    assert.equal(await again.newest('first'), null);
    assert.equal(warnings.length, 1);
    await again.save('first', 'fourth');
    assert.equal(await open().newest('first'), 'fourth');
  });

  it('remember a few bases, so that an undone deploy finds its token', async () => {
    const store = open();
    for (let i = 0; i < 8; i += 1) await store.save(`base ${i}`, `token ${i}`);
    assert.equal(await open().newest('base 7'), 'token 7');
    assert.equal(await open().newest('base 5'), 'token 5');
    assert.equal(await open().newest('base 0'), null);
  });

  it('go with the connector', async () => {
    const store = open();
    await store.save('first', 'second');
    await store.clear();
    await store.clear();
    assert.equal(await open().newest('first'), null);
    await assert.rejects(fs.stat(file()), { code: 'ENOENT' });
  });
});
