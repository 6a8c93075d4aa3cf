/** What `mail.debug` tells of the dialogue, and what it keeps to itself. */
import assert from 'node:assert/strict';
import { testAuthority } from '../../servers/certificates';
import { closedAfterEach } from '../../servers/closing';
import { at, reply } from '../../servers/fault-script';
import { startFaultServer } from '../../servers/fault-server';
import { startInbox, type Inbox, type InboxOptions } from '../../servers/inbox';
import { ACCOUNT, deliver, LOGIN, send, shows } from './wire';

describe('on the wire, the transcript', () => {
  const closing = closedAfterEach();
  let inbox: Inbox;

  async function lines(more: readonly string[], options: InboxOptions = {}): Promise<string[]> {
    inbox = await closing(startInbox({ ...ACCOUNT, ...options }));
    return ['mail.smtp.host=127.0.0.1', `mail.smtp.port=${inbox.port}`, ...more];
  }

  shows('mail.debug', 'is empty unless mail.debug=true', async () => {
    assert.deepEqual((await deliver(await lines([]), LOGIN)).transcript, []);
    assert.deepEqual((await deliver(await lines(['mail.debug=false']), LOGIN)).transcript, []);
  });

  shows('mail.debug', 'has every command and every reply, and not the body', async () => {
    const { transcript } = await deliver(await lines(['mail.debug=true']), LOGIN);
    const dialogue = transcript.join('\n');
    for (const said of ['S: 220 ', 'C: EHLO ', 'C: AUTH PLAIN', 'S: 235 ', 'C: MAIL FROM:<me@x.test>']) {
      assert.ok(dialogue.includes(said), `${said} is missing in\n${dialogue}`);
    }
    for (const said of ['C: RCPT TO:<a@x.test>', 'C: DATA', 'S: 354', 'S: 250 2.6.0 queued as 1']) {
      assert.ok(dialogue.includes(said), `${said} is missing in\n${dialogue}`);
    }
    assert.ok(!dialogue.includes('Subject:'));
  });

  // `send` looks for every form of the password; here it is made sure that there was a dialogue to look at.
  for (const mechanism of ['PLAIN', 'LOGIN', 'CRAM-MD5', 'XOAUTH2'] as const) {
    for (const chosen of [true, false]) {
      if (mechanism === 'XOAUTH2' && !chosen) continue;
      const title = `has the login with ${mechanism}${chosen ? ' by choice' : ''} without what it is worth`;
      shows('mail.debug auth.mechanisms', title, async () => {
        const choice = chosen ? [`mail.smtp.auth.mechanisms=${mechanism}`] : [];
        const text = await lines(['mail.debug=true', ...choice], { authMethods: [mechanism] });
        const { transcript } = await deliver(text, LOGIN);
        const login = transcript.findIndex((line) => line.includes(`C: AUTH ${mechanism}`));
        const done = transcript.findIndex((line) => line.includes('S: 235 '));
        assert.ok(login >= 0 && done > login, transcript.join('\n'));
        for (const line of transcript.slice(login, done).filter((one) => one.includes('C: '))) {
          assert.match(line, /C: (?:AUTH \S+(?: \/\* secret \*\/)?|\/\* secret \*\/)$/);
        }
      });
    }
  }

  shows('mail.debug', 'masks a password that the server repeats, in an outcome too', async () => {
    const forms = [
      ACCOUNT.password,
      Buffer.from(`\0${ACCOUNT.user}\0${ACCOUNT.password}`).toString('base64'),
    ];
    const script = at('auth', reply(`535-5.7.8 not ${forms[0]}`, `535 5.7.8 nor ${forms[1]}`));
    const server = await closing(startFaultServer({ auth: ['PLAIN'], script }));
    const text = ['mail.smtp.host=127.0.0.1', `mail.smtp.port=${server.port}`, 'mail.debug=true'];
    const { transcript, attempt } = await send(text, LOGIN);
    assert.ok(transcript.some((line) => line.endsWith('S: 535-5.7.8 not ***')));
    assert.match(attempt.failure?.error.message ?? '', /not \*\*\*.*nor \*\*\*/);
  });

  shows('mail.debug', 'goes on after STARTTLS', async () => {
    const options = { security: 'starttls' } as const;
    const text = await lines(['mail.debug=true', 'mail.smtp.starttls.required=true'], options);
    const { transcript } = await deliver(text, { ...LOGIN, tlsNode: { ca: testAuthority } });
    const commands = transcript.flatMap((line) => /C: (\w+)/.exec(line)?.[1] ?? []);
    assert.deepEqual(commands, ['EHLO', 'STARTTLS', 'EHLO', 'AUTH', 'MAIL', 'RCPT', 'DATA', 'QUIT']);
  });
});
