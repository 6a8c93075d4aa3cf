/**
 * Replies that end the session or come before there is a mail in it: every mail of the connector waits.
 */
import { N_ } from '../../language/text';
import { account, greylisted, reconnect, type Rule } from '../rule';
import { RELAYING } from './account';
import * as WAIT from '../waits';

const BEFORE_THE_MAIL = ['CONN', 'EHLO', 'HELO', 'LHLO', 'STARTTLS', 'RSET'];

export const SESSION_RULES: readonly Rule[] = [
  {
    // The session was idle, had lasted too long or carried enough mails: only a new one tells whether more is wrong.
    example: 'MAIL FROM: 421 4.4.2 mail.example.com Error: timeout exceeded',
    when: { reply: 421, reused: true },
    then: reconnect('CONNECTION'),
    what: N_('The server ended the session'),
  },
  {
    example: 'MAIL FROM: 503 5.5.1 Error: nested MAIL command',
    when: { reply: 503, reused: true },
    then: reconnect('PROTOCOL'),
    what: N_('The server lost track of the session'),
  },
  {
    example: 'STARTTLS: 502 5.5.1 Error: command not implemented',
    when: { code: 'ETLS', reply: '5yz' },
    then: account('TLS', WAIT.HOLD),
    what: N_('The server offers no STARTTLS'),
    hint: N_(
      'Use the port for implicit TLS (mail.smtp.port=465, mail.smtp.ssl.enable=true), or a server that offers STARTTLS.',
    ),
  },
  {
    example: 'STARTTLS: 454 4.7.0 TLS not available due to local problem',
    when: { code: 'ETLS', reply: '4yz' },
    then: account('TLS'),
    what: N_('The server takes no TLS for now'),
    retried: true,
    hint: N_('If it stays, ask the provider.'),
  },
  {
    example: 'CONN: 421 4.7.0 Try again later, closing connection.',
    when: { reply: 421, enhanced: '4.7.0' },
    then: account('RATE', WAIT.SLOW_DOWN),
    what: N_('The server wants a pause'),
    retried: true,
    hint: N_(
      'If it stays, set fewer connections and a rate limit, and a full host name in mail.smtp.localhost.',
    ),
  },
  {
    // The exception to the next rule. Postfix by default (defer_unauth_destination): its settings may be unfinished.
    example: 'RCPT TO: 454 4.7.1 <b@x.example>: Relay access denied',
    when: { command: 'RCPT TO', reply: '4yz', text: RELAYING },
    then: greylisted('RECIPIENT'),
    what: N_('The server does not pass mails on to this recipient'),
    hint: N_('It does so only after a login (mail.smtp.auth=true), or only for its own addresses.'),
  },
  {
    // RFC 5321 section 4.2: 421 ends the session; 432 and 454 are about the login or the account.
    example: 'MAIL FROM: 421 4.3.0 Temporary System Problem. Try again later.',
    when: { reply: [421, 432, 454] },
    then: account('SERVER'),
    what: N_('The server is not available for now'),
    retried: true,
    hint: N_('If it stays, set fewer connections or ask the provider.'),
  },
  {
    // The exception to the next rule: 4.1.z and 4.2.z are about the address of the sender, 4.3.4 about this size.
    example: 'MAIL FROM: 450 4.2.1 The mailbox of this sender is switched off',
    when: { command: 'MAIL FROM', reply: '4yz', text: /^4\d\d 4\.(?:[12]\.|3\.4\b)/ },
    then: greylisted('SENDER'),
    what: N_('The server does not take this sender for now'),
    hint: N_('Check the `from` address; its domain must exist.'),
  },
  {
    example: 'MAIL FROM: 451 4.3.0 <a@example.com>: Temporary lookup failure',
    when: { command: ['MAIL FROM', ...BEFORE_THE_MAIL], reply: '4yz' },
    then: account('SERVER'),
    what: N_('The server takes no mails for now'),
    retried: true,
    hint: N_('If it stays, ask the provider.'),
  },
  {
    // The session was in the wrong state, which says nothing about the mail.
    example: 'MAIL FROM: 503 5.5.1 Error: send HELO/EHLO first',
    when: { reply: 503, command: ['MAIL FROM', ...BEFORE_THE_MAIL] },
    then: account('PROTOCOL'),
    what: N_('The server lost track of the session'),
    retried: true,
    hint: N_(
      'If it stays, the server may want TLS or a login first: set mail.smtp.starttls.enable=true, or mail.smtp.auth=true with user name and password.',
    ),
  },
  {
    example: 'CONN: 554 5.7.1 Service unavailable; client host blocked',
    when: { command: 'CONN', reply: '5yz' },
    then: account('SERVER', WAIT.HOLD),
    what: N_('The server does not want this machine as a client'),
    hint: N_(
      'It may block this IP address: use the mail server of your provider with a login, or ask for the reason.',
    ),
  },
  {
    example: 'HELO: 502 5.5.1 Error: command not recognized',
    when: { command: BEFORE_THE_MAIL, reply: '5yz' },
    then: account('PROTOCOL', WAIT.HOLD),
    what: N_('The server refused to begin a session'),
    hint: N_('Check host and port, and set a full host name in mail.smtp.localhost.'),
  },
];
