/**
 * The table of failures, row by row, at the end of a real connection: what the server or the network does, how many whole
 * bodies the server got, and the class that follows. What loopback can not do is tested as an error in classify.test.ts.
 */
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import type { Attempt, Failure, OutgoingMail } from '../../nodes/types';
import { freePort } from '../flows/user-dir';
import { selfSignedCertificate, wrongNameCertificate } from '../servers/certificates';
import { closedAfterEach } from '../servers/closing';
import {
  at,
  fin,
  firstOf,
  reply,
  replyAndFin,
  rst,
  slow,
  stall,
  type Fault,
  type Phase,
  type Script,
} from '../servers/fault-script';
import { startFaultServer, type FaultServer, type FaultServerOptions } from '../servers/fault-server';
import { newMail, transportTo } from '../builders';

const MINUTE = 60_000;

/** More than the network holds, bytes. */
const LARGE = 8_000_000;

/**
 * The class of a failure: `L` try later, `N` now on a new connection, `P` never, `H` later and after a wait that a person or a
 * quota needs, `A` may have been sent; of the account (`a`) or this mail or recipient (`m`); and the least wait.
 */
function classOf({ scope, permanent, minWait }: Failure): string {
  const wait = minWait >= MINUTE ? ` ${minWait / MINUTE} min` : minWait > 0 ? ` ${minWait / 1000} s` : '';
  if (scope === 'ambiguous') return 'A';
  if (scope === 'connection') return 'N';
  if (scope === 'aborted') return 'stopped';
  if (permanent) return 'P';
  if (scope === 'message') return `L m${wait}`;
  return (minWait >= 5 * MINUTE ? 'H a' : 'L a') + wait;
}

/** As `L a`; `1 sent, P` when one recipient got the mail and one is refused. */
function outcomeOf({ failure, accepted, refused, left = [] }: Attempt): string {
  if (failure) return classOf(failure);
  const classes = refused.map((one) => classOf(one.failure));
  const some = (count: number, word: string) => (count > 0 ? [`${count} ${word}`] : []);
  return [...some(accepted.length, 'sent'), ...classes, ...some(left.length, 'left')].join(', ');
}

interface Row {
  /** As the table names it. */
  fault: string;
  /** Complete bodies that the server received. */
  bodies: number;
  outcome: string;
  script: Script;
  server?: FaultServerOptions;
  properties?: string[];
  to?: string[];
  mail?: Partial<OutgoingMail>;
  /** Mails that are sent well over the same connection before. */
  before?: number;
  /** No server listens. */
  closedPort?: true;
}

type More = Partial<Row>;

const row = (fault: string, bodies: number, outcome: string, script: Script, more: More = {}): Row => ({
  fault,
  bodies,
  outcome,
  script,
  ...more,
});

/** A row whose fault is a reply. */
const says = (who: string, phase: Phase, line: string, outcome: string, more: More = {}): Row =>
  row(`${who}"${line}" at ${phase}`, phase === 'dot' ? 1 : 0, outcome, at(phase, reply(line)), more);

const both = (fault: Fault): Script => firstOf(at('ehlo', fault), at('helo', fault));
const none: Script = () => undefined;

const AUTH: More = { server: { auth: ['PLAIN', 'LOGIN'], login: { user: 'u', password: 'a secret' } } };
const STARTTLS: More = {
  server: { security: 'starttls' },
  properties: ['mail.smtp.starttls.required=true', 'mail.smtp.ssl.trust=*'],
};
const trusting = (tls: FaultServerOptions['tls']): More => ({
  server: { security: 'starttls', ...(tls && { tls }) },
  properties: ['mail.smtp.starttls.required=true'],
});
const TWO: More = { to: ['a@x.test', 'b@x.test'] };
const second =
  (fault: Fault): Script =>
  ({ phase, address }) =>
    phase === 'rcpt' && address === 'b@x.test' ? fault : undefined;
/** Content that breaks when it is read. */
const unreadable = (code: string): More => ({
  mail: {
    open: () =>
      new Readable({
        read() {
          this.destroy(Object.assign(new Error(`${code}: made up`), { code }));
        },
      }),
  },
});
const large: More = { mail: newMail(undefined, { fill: LARGE }) };
const halfway = (fault: Fault): Script => at('body', { ...fault, afterBytes: 100_000 });

const DENIED = '554 5.7.1 <a@x.test>: Recipient address rejected: Access denied';

const FAULTS: Row[] = [
  row('closed port', 0, 'L a', none, { closedPort: true }),
  row('no greeting', 0, 'L a', at('greeting', stall())),
  row('secure:false on a TLS port', 0, 'L a', none, { server: { security: 'implicit' } }),
  row('421 4.7.0 at greeting', 0, 'L a 1 min', at('greeting', replyAndFin('421 4.7.0 later'))),
  row('554 at greeting', 0, 'H a 5 min', at('greeting', reply('554 5.7.1 no'))),
  row('FIN before greeting', 0, 'N', at('greeting', fin())),
  row('RST before greeting', 0, 'L a', at('greeting', rst())),
  row('garbage greeting', 0, 'L a', at('greeting', reply('HTTP/1.1 400 Bad Request'))),
  row('stall after EHLO', 0, 'L a', at('ehlo', stall())),
  row('stall at AUTH', 0, 'L a', at('auth', stall()), AUTH),
  row('stall at RCPT', 0, 'L a', at('rcpt', stall())),
  row('421 at EHLO', 0, 'L a', at('ehlo', replyAndFin('421 4.3.2 shutting down'))),
  row('502 to EHLO and HELO', 0, 'H a 5 min', both(reply('502 5.5.1 what?'))),
  row('FIN at EHLO', 0, 'L a', at('ehlo', fin())),
  row('FIN at AUTH', 0, 'L a', at('auth', fin()), AUTH),
  row('FIN at MAIL', 0, 'L a', at('mail', fin())),
  row('FIN at RCPT', 0, 'L a', at('rcpt', fin())),
  row('FIN at MAIL on a reused connection', 1, 'N', at('mail', fin(), 2), { before: 1 }),
  row('FIN at RCPT on a reused connection', 1, 'N', at('rcpt', fin(), 2), { before: 1 }),
  row('STARTTLS, self-signed', 0, 'H a 5 min', none, trusting(selfSignedCertificate)),
  row('certificate name mismatch', 0, 'H a 5 min', none, trusting(wrongNameCertificate)),
  row('secure:true on a plain port', 0, 'H a 5 min', none, { properties: ['mail.smtp.ssl.enable=true'] }),
  row('garbage after 220', 0, 'H a 5 min', at('handshake', { delay: 20, raw: 'garbage\r\n' }), STARTTLS),
  row('TLS version mismatch', 0, 'H a 5 min', none, {
    server: { security: 'starttls', tls: { maxVersion: 'TLSv1.2' } },
    properties: [...(STARTTLS.properties ?? []), 'mail.smtp.ssl.protocols=TLSv1.3'],
  }),
  row('STARTTLS 454', 0, 'L a', at('starttls', reply('454 4.7.0 not now')), STARTTLS),
  row('requireTLS, none offered', 0, 'H a 5 min', none, { ...STARTTLS, server: {} }),
  row('FIN in the handshake', 0, 'L a', at('handshake', fin()), STARTTLS),
  row('RST in the handshake', 0, 'L a', at('handshake', rst()), STARTTLS),
  row('stall in the handshake', 0, 'L a', at('handshake', stall()), STARTTLS),
  says('', 'auth', '535 5.7.8 bad credentials', 'H a 5 min', AUTH),
  says('', 'auth', '535 5.7.139 SMTP AUTH is off', 'H a 5 min', AUTH),
  says('', 'auth', '454 4.7.0 too many logins', 'H a 15 min', AUTH),
  says('', 'auth', '538 5.7.11 Encryption required', 'H a 5 min', AUTH),
  says('', 'auth', '504 5.7.4 Unrecognized authentication type', 'H a 5 min', AUTH),
  says('', 'auth', '432 4.7.12 a transition is needed', 'H a 5 min', AUTH),
  says('', 'auth', '421 4.3.0 later', 'H a 5 min', AUTH),
  row('auth not offered, then 530', 0, 'H a 5 min', at('mail', reply('530 5.7.0 log in first'))),
  says('', 'mail', '451 4.3.0 later', 'L a'),
  says('', 'mail', '550 5.4.5 daily limit', 'H a 60 min'),
  row('421 at MAIL', 0, 'L a', at('mail', replyAndFin('421 4.3.2 bye'))),
  row('451 at RCPT for 1 of 2', 1, '1 sent, L m 5 min', second(reply('451 4.7.1 greylisted')), TWO),
  row('452 4.5.3 at RCPT for 1 of 2', 1, '1 sent, 1 left', second(reply('452 4.5.3 too many')), TWO),
  row('550 at RCPT for 1 of 2', 1, '1 sent, P', second(reply('550 5.1.1 nobody')), TWO),
  row('421 at RCPT 2 of 2', 0, 'L a', second(replyAndFin('421 4.3.2 bye')), TWO),
  row(
    'RCPT 550 + 451, none accepted',
    0,
    'P, L m 5 min',
    firstOf(second(reply('451 4.7.1 greylisted')), at('rcpt', reply('550 5.1.1 nobody'))),
    TWO,
  ),
  row('RCPT all 550', 0, 'P, P', at('rcpt', reply('550 5.1.1 nobody')), TWO),
  says('', 'data', '451 4.3.0 later', 'L m'),
  says('', 'mail', '552 5.3.4 too big', 'P'),
  says('', 'dot', '552 5.3.4 too big', 'P'),
  says('', 'dot', '554 5.7.1 spam', 'P'),
  says('', 'dot', '451 4.3.0 later', 'L m'),
  says('', 'dot', '432 4.3.9 wait', 'L a'),
  says('', 'dot', '454 4.3.9 wait', 'L a'),
  row('421 after DATA', 1, 'L a', at('dot', replyAndFin('421 4.3.2 bye'))),
  row('552 mid-DATA then FIN', 0, 'P', halfway(replyAndFin('552 5.3.4 too big')), large),
  row('FIN after DATA before the reply', 1, 'A', at('dot', fin())),
  row('RST after DATA', 1, 'A', at('dot', rst())),
  row('stall after DATA', 1, 'A', at('dot', stall())),
  row('half reply after DATA', 1, 'A', at('dot', { raw: '250-wait\r\n', then: 'stall' })),
  row('"25" without CRLF, then FIN', 1, 'A', at('dot', { raw: '25', then: 'fin' })),
  row('"250 ok" without CRLF, then FIN', 1, 'A', at('dot', { raw: '250 ok', then: 'fin' })),
  row('"451 x" without CRLF, then FIN', 1, 'L m', at('dot', { raw: '451 x', then: 'fin' })),
  row('250 then RST', 1, '1 sent', at('dot', { reply: '250 ok', then: 'rst' })),
  row('RST mid-DATA', 0, 'L a', halfway(rst()), large),
  row('FIN mid-DATA', 0, 'L a', halfway(fin()), large),
  row('server stops reading in DATA', 0, 'L a', halfway(stall()), large),
  row('server reads slowly', 1, '1 sent', at('body', { slowRead: { bytes: 65_536, everyMs: 1 } }), large),
  row('message > SIZE', 0, 'P', none, {
    server: { capabilities: ['SIZE 1000'] },
    mail: newMail(undefined, { fill: 2_000 }),
  }),
  row('missing attachment file', 0, 'P', none, unreadable('ENOENT')),
  row('disableFileAccess', 0, 'P', none, unreadable('EFILEACCESS')),
  row('dead href', 0, 'L m', none, unreadable('EFETCH')),
  row('object as text', 0, 'P', none, unreadable('ERR_INVALID_ARG_TYPE')),
];

const REPLIES: Row[] = [
  says('Gmail ', 'mail', '421 4.7.0 Try again later, closing connection.', 'L a 1 min'),
  says('Gmail ', 'mail', '421 4.3.0 Temporary System Problem.', 'L a'),
  says('Gmail ', 'mail', '421 4.4.5 Server busy, try again later.', 'L a'),
  says('Gmail ', 'auth', '454 4.7.0 Too many login attempts, please try again later.', 'H a 15 min', AUTH),
  says(
    'Gmail ',
    'auth',
    '454 4.7.0 Cannot authenticate due to temporary system problem.',
    'H a 15 min',
    AUTH,
  ),
  says(
    'Gmail ',
    'rcpt',
    '450 4.2.1 The user is receiving mail at a rate that prevents delivery.',
    'L m 5 min',
  ),
  says('Gmail ', 'rcpt', '450 4.2.1 Peak SMTP relay limit exceeded for customer.', 'L m 5 min'),
  says('Gmail ', 'rcpt', '452 4.5.3 Too many recipients.', 'L m'),
  says('Gmail ', 'dot', '550 5.4.5 Daily user sending limit exceeded.', 'H a 60 min'),
  says('Gmail ', 'auth', '535 5.7.8 Username and Password not accepted.', 'H a 5 min', AUTH),
  says('Exchange ', 'dot', '432 4.3.2 Concurrent connections limit exceeded.', 'L a 10 s'),
  says('Exchange ', 'dot', '432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded', 'L a 10 s'),
  row('Exchange 30 messages/min: no error, delayed', 1, '1 sent', at('dot', slow(100))),
  says(
    'Exchange ',
    'dot',
    '554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException; Failed to process',
    'H a 60 min',
  ),
  says(
    'Exchange ',
    'dot',
    '550 5.1.90 you have reached your daily limit for message recipients',
    'H a 60 min',
  ),
  says('Exchange ', 'dot', '550 5.2.2 Submission quota exceeded', 'H a 60 min'),
  says('Exchange ', 'dot', '550 5.7.232 Your tenant exceeded its external recipient limit', 'H a 60 min'),
  says('Exchange ', 'dot', '550 5.7.233 Your trial tenant exceeded its limit', 'H a 60 min'),
  says('Exchange ', 'dot', '554 5.2.2 mailbox full; STOREDRV.Submission', 'H a 5 min'),
  says('Exchange ', 'rcpt', '550 5.2.121 recipient limit per hour', 'L m 60 min'),
  says('Exchange ', 'rcpt', '550 5.2.122 recipient limit per hour', 'L m 60 min'),
  says('Exchange ', 'auth', '535 5.7.139 Authentication unsuccessful, SMTP AUTH is off', 'H a 5 min', AUTH),
  says('Exchange ', 'auth', '550 5.7.30 Basic authentication is not supported', 'H a 5 min', AUTH),
  says('Exchange ', 'dot', '550 5.7.30 Basic authentication is not supported', 'H a 5 min'),
  says('Exchange ', 'rcpt', '452 4.5.3 Too many recipients of one domain', 'L m'),
  says('SES ', 'dot', '454 Throttling failure: Maximum sending rate exceeded.', 'L a 5 s'),
  says('SES ', 'dot', '454 Throttling failure: Daily message quota exceeded.', 'H a 60 min'),
  ...(['greeting', 'ehlo', 'mail', 'rcpt', 'data', 'dot'] as const).map((phase) =>
    says('', phase, '421 4.3.2 closing', 'L a'),
  ),
  row('503 on a reused connection', 1, 'N', at('mail', reply('503 5.5.1 bad sequence'), 2), { before: 1 }),
  says('', 'mail', '503 5.5.1 bad sequence', 'L a'),
  says('', 'mail', '452 4.3.1 Insufficient system storage', 'L a'),
  says('', 'rcpt', '452 4.3.1 Insufficient system storage', 'L m 5 min'),
  says('', 'rcpt', '452 4.2.2 over quota', 'L m 5 min'),
  ...(
    [
      ['504 5.5.2 <box>: Helo command rejected: need fully-qualified hostname', 'H a 5 min'],
      ['450 4.7.1 <box>: Helo command rejected: Host not found', 'H a 5 min'],
      ['450 4.1.8 <me@x.test>: Sender address rejected: Domain not found', 'L a'],
      ['553 5.7.1 <me@x.test>: Sender address rejected: not owned by user b', 'L a'],
      ['550 5.7.1 Service unavailable; client [127.0.0.1] blocked using bl.example', 'H a 5 min'],
      ['554 5.7.1 <unknown[127.0.0.1]>: Client host rejected: Access denied', 'H a 5 min'],
    ] as const
  ).flatMap(([line, outcome]) => [
    says('Postfix ', 'mail', line, outcome),
    says('Postfix ', 'rcpt', line, outcome),
  ]),
  ...(
    [
      [DENIED, 'P'],
      ['554 5.7.1 <a@x.test>: Relay access denied', 'P'],
      ['454 4.7.1 <a@x.test>: Relay access denied', 'L m 5 min'],
      ['550 5.7.54 SMTP; Unable to relay recipient in non-accepted domain', 'P'],
    ] as const
  ).flatMap(([line, withLogin]) => [
    says('without a login ', 'rcpt', line, 'H a 5 min'),
    says('with a login ', 'rcpt', line, withLogin, AUTH),
  ]),
  says('no login though one is offered ', 'rcpt', '550 5.7.1 Rejected by policy', 'H a 5 min', {
    server: { auth: ['PLAIN'] },
  }),
  says('no login is offered ', 'rcpt', '550 5.7.1 Rejected by policy', 'P'),
  row('no login, both denied', 0, 'H a 5 min, H a 5 min', at('rcpt', reply(DENIED)), TWO),
  row('no login, one taken, one denied', 1, '1 sent, P', second(reply(DENIED)), TWO),
  row(
    'no login, one unknown, one denied',
    0,
    'P, P',
    firstOf(second(reply(DENIED)), at('rcpt', reply('550 5.1.1 nobody'))),
    TWO,
  ),
  row('no login, one denied after another was taken', 1, 'P', at('rcpt', reply(DENIED), 2), { before: 1 }),
  row('no login offered, denied', 0, 'H a 5 min', at('rcpt', reply(DENIED)), {
    server: { login: { user: 'u', password: 'a secret' } },
  }),
  says('Postfix ', 'mail', '450 4.7.1 Error: too much mail from 127.0.0.1', 'L a 1 min'),
  says('Gmail ', 'mail', '454 4.7.0 Too many login attempts, please try again later.', 'H a 15 min'),
  says(
    'Zoho ',
    'dot',
    '550 5.4.6 Unusual sending activity detected. Please try after sometime.',
    'H a 60 min',
  ),
  says('', 'rcpt', '450 4.7.1 greylisted', 'L m 5 min'),
  says('', 'rcpt', '451 4.7.1 greylisted', 'L m 5 min'),
];

describe('a failure, by the table', () => {
  const opened = closedAfterEach();

  async function tried({ server, properties, closedPort, script }: Row) {
    const one: FaultServer = await opened(startFaultServer({ ...server, script }));
    const login = server?.login;
    const transport = transportTo(
      { port: closedPort ? await freePort() : one.port },
      {
        properties: [
          'mail.smtp.timeout=600',
          ...(login ? ['mail.smtp.auth=true'] : []),
          ...(properties ?? []),
        ],
        ...(login && { login }),
      },
    );
    await opened({ close: () => Promise.resolve(transport.close()) });
    const stop = new AbortController();
    const deliver = (mail: OutgoingMail) =>
      transport.deliver(mail, mail.envelope.to, {
        signal: stop.signal,
        aboutToSendDot: () => Promise.resolve(),
      });
    return { server: one, deliver, abort: () => stop.abort() };
  }

  for (const [title, rows] of [
    ['of the connection, the session and the mail', FAULTS],
    ['that needs more than the class of its reply', REPLIES],
  ] as const) {
    describe(title, () => {
      for (const one of rows) {
        it(`${one.fault}: ${one.outcome}`, async () => {
          const { server, deliver } = await tried(one);
          for (let sent = 0; sent < (one.before ?? 0); sent++) {
            assert.equal(outcomeOf(await deliver(newMail())), '1 sent');
          }
          const attempt = await deliver({ ...newMail(one.to), ...one.mail });
          assert.equal(outcomeOf(attempt), one.outcome);
          assert.equal(server.bodies.items.length, one.bodies);
          if (attempt.failure) assert.ok(attempt.failure.error.message);
        });
      }
    });
  }

  for (const [fault, script, bodies, outcome] of [
    ['closed with force before the dot', at('rcpt', stall()), 0, 'stopped'],
    ['closed with force in flight, after the dot', at('dot', stall()), 1, 'A'],
  ] as const) {
    it(`${fault}: ${outcome}`, async () => {
      const { server, deliver, abort } = await tried({ fault, bodies, outcome, script });
      const attempt = deliver(newMail());
      if (bodies > 0) await server.bodies.waitFor(bodies);
      else await server.commands.waitForOne(({ phase }) => phase === 'rcpt');
      abort();
      assert.equal(outcomeOf(await attempt), outcome);
      assert.equal(outcomeOf(await deliver(newMail())), 'stopped');
      assert.deepEqual(server.ledger.items, []);
    });
  }
});
