import assert from 'node:assert/strict';
import { isOneTooMany } from '../../nodes/failures/one-too-many';

const reply = (response: string, command: string, code = 'EPROTOCOL') =>
  Object.assign(new Error(response), { code, command, response, responseCode: Number(response.slice(0, 3)) });
const broken = (code: string, more: object = {}) => Object.assign(new Error('broken'), { code, ...more });

describe('a refusal that fits a server which allows no further connection', () => {
  const opening: [name: string, error: unknown, fits: boolean][] = [
    ['421 4.7.0 at the greeting', reply('421 4.7.0 too many connections', 'CONN'), true],
    ['554 at the greeting', reply('554 5.7.1 no', 'CONN'), true],
    ['421 at EHLO', reply('421 4.3.2 busy', 'EHLO', 'ECONNECTION'), true],
    ['454 at STARTTLS', reply('454 4.7.0 TLS not available', 'STARTTLS', 'ETLS'), true],
    [
      '432 at the login',
      reply('432 4.3.2 Concurrent connections limit exceeded', 'AUTH PLAIN', 'EAUTH'),
      true,
    ],
    ['454 at the login', reply('454 4.7.0 Too many login attempts', 'AUTH PLAIN', 'EAUTH'), true],
    ['535 at the login', reply('535 5.7.8 wrong', 'AUTH PLAIN', 'EAUTH'), false],
    [
      '535 that names connections',
      reply('535 5.7.0 Too many concurrent connections', 'AUTH PLAIN', 'EAUTH'),
      true,
    ],
    ['502 at EHLO', reply('502 5.5.1 what?', 'EHLO'), false],
    [
      'an end before the greeting',
      Object.assign(new Error('Connection closed'), { beforeGreeting: true }),
      true,
    ],
    ['a reset', broken('ESOCKET', { originalCode: 'ECONNRESET' }), true],
    ['nobody who listens any more', broken('ESOCKET', { originalCode: 'ECONNREFUSED' }), true],
    ['packets that vanish', broken('ETIMEDOUT', { timeoutType: 'CONNECT_TIMEOUT' }), true],
    ['no greeting', broken('ETIMEDOUT', { timeoutType: 'GREETING_TIMEOUT' }), true],
    ['an end at the login', broken('ECONNECTION', { command: 'CONN' }), true],
    ['a certificate', broken('ESOCKET', { originalCode: 'CERT_HAS_EXPIRED' }), false],
    ['a name that is gone', broken('EDNS', { originalCode: 'ENOTFOUND' }), false],
    ['a network that is gone', broken('ESOCKET', { originalCode: 'ENETUNREACH' }), false],
    ['an attempt that was ended', broken('EABORT'), false],
  ];
  for (const [name, error, fits] of opening) {
    it(`while it opens: ${name}: ${fits ? 'yes' : 'no'}`, () =>
      assert.equal(isOneTooMany(error, true), fits));
  }

  const later: [name: string, error: unknown, fits: boolean][] = [
    ['Exchange', reply('432 4.3.2 Concurrent connections limit exceeded', 'MAIL FROM', 'EENVELOPE'), true],
    [
      'Exchange, threads',
      reply('432 4.3.2 STOREDRV; sender thread limit exceeded', 'DATA', 'EMESSAGE'),
      true,
    ],
    ['Exim', reply('421 Too many concurrent SMTP connections from this IP address', 'MAIL FROM'), true],
    ['Sendmail', reply('421 4.3.2 Too many open connections.', 'MAIL FROM'), true],
    ['a limit of connections', reply('451 4.7.1 connection limit exceeded', 'MAIL FROM', 'EENVELOPE'), true],
    ['a server that shuts down', reply('421 4.3.2 shutting down', 'MAIL FROM', 'ECONNECTION'), false],
    ['too many mails', reply('421 4.7.0 too many mails in this session', 'MAIL FROM'), false],
    ['too many recipients', reply('452 4.5.3 too many recipients', 'RCPT TO', 'EENVELOPE'), false],
    ['a reset', broken('ESOCKET', { originalCode: 'ECONNRESET' }), false],
  ];
  for (const [name, error, fits] of later) {
    it(`when it carries mails: ${name}: ${fits ? 'yes' : 'no'}`, () =>
      assert.equal(isOneTooMany(error, false), fits));
  }
});
