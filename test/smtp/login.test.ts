import assert from 'node:assert/strict';
import { createServer, type AddressInfo, type Server } from 'node:net';
import { createTransport } from 'nodemailer';
import { inOrderOf } from '../../nodes/smtp/login';
import type { Mechanism } from '../../nodes/properties/read/auth';
import { nodemailerOptions } from '../../nodes/smtp/options';
import { goodSettings } from '../builders';

const base64 = (text: string) => Buffer.from(text, 'utf8').toString('base64');

/** Runs a login against replies given in advance; the commands come back. */
async function exchange(mechanisms: Mechanism[] | null, authMethods: string[], replies: string[]) {
  const commands: string[] = [];
  const sendCommand = (cmd: string) => {
    commands.push(cmd);
    const response = replies.shift() ?? '421 no reply left';
    return Promise.resolve({
      command: cmd,
      response,
      status: Number(response.slice(0, 3)),
      text: response.slice(4),
    });
  };
  const credentials = { user: 'mü', pass: 'pw' };
  const context = { auth: { credentials }, authMethods, sendCommand } as unknown as Parameters<
    ReturnType<typeof inOrderOf>
  >[0];
  const error = await Promise.resolve(inOrderOf(mechanisms)(context)).then(
    () => null,
    (reason: Error) => reason.message,
  );
  return { commands, error };
}

describe('the login', () => {
  it('uses the first of its mechanisms that the server offers', async () => {
    const { commands } = await exchange(
      ['CRAM-MD5', 'LOGIN', 'PLAIN'],
      ['PLAIN', 'LOGIN'],
      ['334 VXNlcm5hbWU6', '334 UGFzc3dvcmQ6', '235 ok'],
    );
    assert.deepEqual(commands, ['AUTH LOGIN', base64('mü'), base64('pw')]);
  });

  it('fails without a command when the server offers none of them', async () => {
    const { commands, error } = await exchange(['XOAUTH2'], ['PLAIN', 'LOGIN'], []);
    assert.deepEqual(commands, []);
    assert.equal(error, 'The server offers PLAIN LOGIN for the login, and only XOAUTH2 may be used');
  });

  it('takes PLAIN, LOGIN or CRAM-MD5 when none is named, and nothing that the server does not offer', async () => {
    const first = async (offered: string[]) => (await exchange(null, offered, ['235 ok'])).commands[0];
    assert.match((await first(['CRAM-MD5', 'LOGIN', 'PLAIN'])) ?? '', /^AUTH PLAIN /);
    assert.equal(await first(['CRAM-MD5', 'LOGIN']), 'AUTH LOGIN');
    assert.equal(await first(['CRAM-MD5']), 'AUTH CRAM-MD5');
    assert.equal(await first(['XOAUTH2']), undefined);
  });

  it('says PLAIN in one line (RFC 4616)', async () => {
    const { commands, error } = await exchange(['PLAIN'], ['PLAIN'], ['235 ok']);
    assert.deepEqual([commands, error], [[`AUTH PLAIN ${base64('\0mü\0pw')}`], null]);
  });

  it('answers the challenge of CRAM-MD5 (RFC 2195)', async () => {
    const { commands, error } = await exchange(
      ['CRAM-MD5'],
      ['CRAM-MD5'],
      [`334 ${base64('<1@x>')}`, '235 ok'],
    );
    // printf '<1@x>' | openssl dgst -md5 -hmac pw
    assert.deepEqual(commands, ['AUTH CRAM-MD5', base64('mü 0134654b73dcd856343054a762c8a3ee')]);
    assert.equal(error, null);
  });

  it('shows the error of a refused access token, which follows its details', async () => {
    const { commands, error } = await exchange(
      ['XOAUTH2'],
      ['XOAUTH2'],
      ['334 eyJzdGF0dXMiOiI0MDAifQ==', '535 5.7.8 expired'],
    );
    assert.deepEqual(commands, [`AUTH XOAUTH2 ${base64('user=mü\x01auth=Bearer pw\x01\x01')}`, '']);
    assert.equal(error, 'Invalid login');
  });

  it('stops when the server refuses the mechanism or the username', async () => {
    assert.deepEqual((await exchange(['LOGIN'], ['LOGIN'], ['504 no'])).commands, ['AUTH LOGIN']);
    assert.deepEqual((await exchange(['LOGIN'], ['LOGIN'], ['334 x', '535 no'])).commands, [
      'AUTH LOGIN',
      base64('mü'),
    ]);
    assert.equal((await exchange(['CRAM-MD5'], ['CRAM-MD5'], ['504 no'])).error, 'Invalid login');
  });
});

describe('the login through nodemailer', () => {
  let server: Server;
  let heard: string[];

  beforeEach((done) => {
    heard = [];
    server = createServer((socket) => {
      socket.write('220 test\r\n');
      socket.on('error', () => undefined);
      socket.on('data', (data) => {
        for (const line of data.toString().split('\r\n').filter(Boolean)) {
          heard.push(line);
          if (line.startsWith('EHLO')) socket.write('250-test\r\n250 AUTH PLAIN LOGIN\r\n');
          else if (line.startsWith('AUTH LOGIN')) socket.write('334 VXNlcm5hbWU6\r\n');
          else if (line === base64('me')) socket.write('334 UGFzc3dvcmQ6\r\n');
          else if (line === base64('good')) socket.write('235 ok\r\n');
          else if (line === 'QUIT') socket.end('221 bye\r\n');
          else socket.write('535 5.7.8 wrong\r\n');
        }
      });
    });
    server.listen(0, '127.0.0.1', done);
  });

  afterEach((done) => {
    server.close(done);
  });

  const mailer = (password: string, logged: string[] = []) => {
    const { port } = server.address() as AddressInfo;
    const text = `mail.smtp.host=127.0.0.1\nmail.smtp.port=${port}\nmail.smtp.auth=true\nmail.smtp.auth.mechanisms=LOGIN PLAIN`;
    const log = (_entry: unknown, ...words: unknown[]) => logged.push(words.join(' '));
    const logger = { trace: log, debug: log, info: log, warn: log, error: log, fatal: log };
    return createTransport({
      ...nodemailerOptions(goodSettings(text, { username: 'me', password })),
      logger,
      transactionLog: true,
    });
  };

  it('follows the order in auth.mechanisms, and logs no credential', async () => {
    const logged: string[] = [];
    const transport = mailer('good', logged);
    await transport.verify();
    transport.close();
    assert.deepEqual(heard.slice(1, 4), ['AUTH LOGIN', base64('me'), base64('good')]);
    assert.ok(logged.includes('AUTH LOGIN'));
    assert.ok(!logged.some((line) => line.includes(base64('good')) || line.includes(base64('me'))));
  });

  it('fails with the reply of the server', async () => {
    const transport = mailer('bad');
    await assert.rejects(transport.verify(), {
      code: 'EAUTH',
      responseCode: 535,
      response: '535 5.7.8 wrong',
      command: 'AUTH SELECTED',
    });
    transport.close();
  });
});
