import assert from 'node:assert/strict';
import { randomBytes } from 'node:crypto';
import { TokenError } from '../../nodes/oauth2/token-error';
import { createTransport } from '../../nodes/smtp/transport';
import { mechanismsIn, tokenLogin, type LoginTokens } from '../../nodes/smtp/token-login';
import type { Attempt } from '../../nodes/types';
import { goodSettings, newMail } from '../builders';
import { closedAfterEach } from '../servers/closing';
import { at, reply } from '../servers/fault-script';
import { startFaultServer, type FaultServerOptions } from '../servers/fault-server';
import { startInbox } from '../servers/inbox';

const base64 = (text: string) => Buffer.from(text, 'utf8').toString('base64');

/** Gives the tokens one after the other, the next when the one before was refused. */
function tokensOf(...list: string[]): LoginTokens & { refused: string[]; took: string[] } {
  const refused: string[] = [];
  const took: string[] = [];
  return {
    refused,
    took,
    get: () => Promise.resolve(list[0] ?? ''),
    replace(token) {
      refused.push(token);
      return Promise.resolve(list[list.indexOf(token) + 1] ?? null);
    },
    accepted: (token) => void took.push(token),
  };
}

interface Exchange {
  user: string;
  tokens: LoginTokens;
  ehlo: string[];
  replies: string[];
  host?: string;
  port?: number;
}

/** Runs a login against replies given in advance; the commands come back. */
async function exchange({ user, tokens, ehlo, replies, host = 'smtp.example.com', port = 587 }: Exchange) {
  const commands: string[] = [];
  const sendCommand = (command: string) => {
    commands.push(command);
    const response = replies.shift() ?? '421 no reply left';
    return Promise.resolve({
      command,
      response,
      status: Number(response.slice(0, 3)),
      text: response.slice(4),
    });
  };
  const context = {
    auth: { credentials: { user, pass: '', options: { ehlo } } },
    authMethods: [],
    sendCommand,
  } as unknown as Parameters<ReturnType<typeof tokenLogin>>[0];
  const error = await Promise.resolve(tokenLogin({ host, port, tokens })(context)).then(
    () => null,
    (reason: Error & { challenge?: string }) => reason,
  );
  return { commands, error };
}

describe('the login with a token', () => {
  it('is that of the example of Google', async () => {
    const { commands, error } = await exchange({
      user: 'someuser@example.com',
      tokens: tokensOf('ya29.vF9dft4qmTc2Nvb3RlckBhdHRhdmlzdGEuY29tCg'),
      ehlo: [
        'smtp.gmail.com at your service',
        'AUTH LOGIN PLAIN XOAUTH2 PLAIN-CLIENTTOKEN OAUTHBEARER XOAUTH',
      ],
      replies: ['235 2.7.0 Accepted'],
    });
    assert.equal(error, null);
    assert.deepEqual(commands, [
      'AUTH XOAUTH2 dXNlcj1zb21ldXNlckBleGFtcGxlLmNvbQFhdXRoPUJlYXJlciB5YTI5LnZGOWRmdDRxbVRjMk52YjNSbGNrQmhkSFJoZG1semRHRXVZMjl0Q2cBAQ==',
    ]);
  });

  it('is that of the example of Microsoft', async () => {
    const { commands } = await exchange({
      user: 'test@contoso.onmicrosoft.com',
      tokens: tokensOf('EwBAAl3BAAUFFpUAo7J3Ve0bjLBWZWCclRC3EoAA'),
      ehlo: ['AUTH LOGIN XOAUTH2'],
      replies: ['235 2.7.0 Authentication successful'],
    });
    assert.deepEqual(commands, [
      'AUTH XOAUTH2 dXNlcj10ZXN0QGNvbnRvc28ub25taWNyb3NvZnQuY29tAWF1dGg9QmVhcmVyIEV3QkFBbDNCQUFVRkZwVUFvN0ozVmUwYmpMQldaV0NjbFJDM0VvQUEBAQ==',
    ]);
  });

  it('is that of the example of RFC 7628', async () => {
    const { commands } = await exchange({
      user: 'user@example.com',
      tokens: tokensOf('vF9dft4qmTc2Nvb3RlckBhbHRhdmlzdGEuY29tCg=='),
      host: 'server.example.com',
      ehlo: ['AUTH OAUTHBEARER XOAUTH2 PLAIN'],
      replies: ['235 Authentication successful.'],
    });
    assert.deepEqual(commands, [
      'AUTH OAUTHBEARER bixhPXVzZXJAZXhhbXBsZS5jb20sAWhvc3Q9c2VydmVyLmV4YW1wbGUuY29tAXBvcnQ9NTg3AWF1dGg9QmVhcmVyIHZGOWRmdDRxbVRjMk52YjNSbGNrQmhiSFJoZG1semRHRXVZMjl0Q2c9PQEB',
    ]);
  });

  it('writes = and , of a name as OAUTHBEARER wants them', async () => {
    const { commands } = await exchange({
      user: 'a=b,c@x',
      tokens: tokensOf('t'),
      ehlo: ['AUTH OAUTHBEARER'],
      replies: ['235 ok'],
    });
    assert.match(
      Buffer.from(commands[0]?.split(' ')[2] ?? '', 'base64').toString(),
      /^n,a=a=3Db=2Cc@x,\W?host/,
    );
  });

  it('answers the challenge of a refused token, and reads it', async () => {
    const cases = [
      {
        ehlo: ['AUTH XOAUTH2'],
        challenge: { status: '400', schemes: 'Bearer', scope: 'https://mail.google.com/' },
        answer: '',
        says: 'status 400, schemes Bearer, scope https://mail.google.com/',
      },
      {
        ehlo: ['AUTH OAUTHBEARER'],
        challenge: { status: 'invalid_token', scope: 'example_scope' },
        answer: 'AQ==',
        says: 'status invalid_token, scope example_scope',
      },
    ];
    for (const { ehlo, challenge, answer, says } of cases) {
      const { commands, error } = await exchange({
        user: 'u',
        tokens: tokensOf('t'),
        ehlo,
        replies: [`334 ${base64(JSON.stringify(challenge))}`, '535-5.7.8 no'],
      });
      assert.equal(commands[1], answer);
      assert.equal(error?.challenge, says);
    }
  });

  it('is tried once more with another token on the same connection', async () => {
    const tokens = tokensOf('old', 'new');
    const { commands, error } = await exchange({
      user: 'u',
      tokens,
      ehlo: ['AUTH XOAUTH2'],
      replies: ['334 e30=', '535 5.7.8 no', '235 ok'],
    });
    assert.equal(error, null);
    assert.deepEqual(tokens.refused, ['old']);
    assert.deepEqual(tokens.took, ['new']);
    assert.equal(commands[2], `AUTH XOAUTH2 ${base64('user=u\x01auth=Bearer new\x01\x01')}`);
  });

  it('is not tried with another token when the server only has no time', async () => {
    const tokens = tokensOf('old', 'new');
    const { error } = await exchange({
      user: 'u',
      tokens,
      ehlo: ['AUTH XOAUTH2'],
      replies: ['454 4.7.0 Temporary authentication failure'],
    });
    assert.equal(error?.message, 'Invalid login');
    assert.deepEqual(tokens.refused, []);
  });

  it('says what the server offers when that is no login with a token', async () => {
    const { commands, error } = await exchange({
      user: 'u',
      tokens: tokensOf('t'),
      ehlo: ['AUTH=LOGIN PLAIN', 'SIZE 1000'],
      replies: [],
    });
    assert.deepEqual(commands, []);
    assert.equal(
      error?.message,
      'The server offers LOGIN PLAIN for the login, and a token needs XOAUTH2 or OAUTHBEARER',
    );
  });

  it('reads mechanisms as old and new servers write them', () => {
    assert.deepEqual(mechanismsIn(['AUTH=LOGIN', 'AUTH LOGIN  xoauth2']), ['LOGIN', 'XOAUTH2']);
    assert.deepEqual(mechanismsIn(['AUTHORS unknown', 'SIZE']), []);
  });
});

describe('a mail of an account without a password', () => {
  const opened = closedAfterEach();
  const USER = 'alerts@contoso.example';

  async function deliver(server: { host: string; port: number }, tokens: LoginTokens): Promise<Attempt> {
    const properties = `mail.smtp.host=${server.host}\nmail.smtp.port=${server.port}\nmail.smtp.auth=true`;
    const settings = goodSettings(properties, { username: USER, password: '', oauth2: true });
    const transport = createTransport({
      settings,
      tokens,
      connections: 1,
      mask: (text) => text,
      debug: () => undefined,
    });
    try {
      const mail = newMail();
      return await transport.deliver(mail, mail.envelope.to, {
        signal: new AbortController().signal,
        aboutToSendDot: () => Promise.resolve(),
      });
    } finally {
      transport.close();
    }
  }

  it('is taken by a server with XOAUTH2', async () => {
    const inbox = await opened(
      startInbox({ user: USER, authMethods: ['XOAUTH2'], token: (token) => token === 'good' }),
    );
    const attempt = await deliver(inbox, tokensOf('bad', 'good'));
    assert.equal(attempt.failure, undefined);
    const { session } = await inbox.nextMail();
    assert.deepEqual([session.user, session.authMethod], [USER, 'XOAUTH2']);
    assert.deepEqual(inbox.refusedLogins, [USER]);
  });

  for (const mechanism of ['XOAUTH2', 'OAUTHBEARER'] as const) {
    it(`passes a token of 4 KB by ${mechanism} where a command line has 512 octets`, async () => {
      const token = randomBytes(3072).toString('base64url');
      const given: [string, string][] = [];
      const options: FaultServerOptions = {
        auth: [mechanism],
        longestCommand: 512,
        token: (user, value) => {
          given.push([user, value]);
          return null;
        },
      };
      const server = await opened(startFaultServer(options));
      const attempt = await deliver(server, tokensOf(token));
      assert.equal(attempt.failure, undefined);
      assert.deepEqual(given, [[USER, token]]);
      assert.ok(server.commands.items.some(({ line }) => line === `AUTH ${mechanism}`));
    });

    it(`waits when ${mechanism} is refused, with what the challenge says`, async () => {
      const server = await opened(
        startFaultServer({ auth: [mechanism], token: () => ({ status: 'invalid_token', scope: 'mail' }) }),
      );
      const { failure } = await deliver(server, tokensOf('one', 'two'));
      assert.equal(failure?.scope, 'account');
      assert.equal(failure.error.code, 'AUTH');
      assert.match(
        failure.error.message,
        /535 5\.7\.8 Username and Password not accepted\. \(status invalid_token, scope mail\)/,
      );
      assert.match(failure.error.hint ?? '', /token/);
    });
  }

  it('opens no connection when there is no token, and says why', async () => {
    const server = await opened(startFaultServer({ auth: ['XOAUTH2'] }));
    const tokens = tokensOf();
    tokens.get = () =>
      Promise.reject(
        new TokenError('invalid_grant', 'invalid_grant: AADSTS700082: The refresh token has expired'),
      );
    const { failure } = await deliver(server, tokens);
    assert.equal(server.connections.total, 0);
    assert.equal(failure?.scope, 'account');
    assert.match(failure.error.message, /AADSTS700082/);
  });

  it('says why no other token came when the server refused the first', async () => {
    const server = await opened(startFaultServer({ auth: ['XOAUTH2'], token: () => ({ status: '401' }) }));
    const tokens = tokensOf('first');
    tokens.replace = () =>
      Promise.reject(new TokenError('invalid_grant', 'invalid_grant: AADSTS50173: revoked'));
    const { failure } = await deliver(server, tokens);
    assert.equal(failure?.error.code, 'OAUTH2');
    assert.match(failure.error.message, /AADSTS50173/);
  });

  it('tells of a token that Exchange does not take for this mailbox', async () => {
    const server = await opened(
      startFaultServer({
        auth: ['XOAUTH2'],
        script: at(
          'auth',
          reply('535 5.7.3 Authentication unsuccessful [SN2PR00CA0018.namprd00.prod.outlook.com]'),
        ),
      }),
    );
    const { failure } = await deliver(server, tokensOf('one', 'two'));
    assert.match(failure?.error.hint ?? '', /SMTP\.SendAsApp/);
  });
});
