/**
 * Replies that end the session or come before there is a mail in it: every mail of the connector waits.
 */
import { N_ } from '../language/text';
import type { Rule } from './failure-rule';
import * as WAIT from './failure-waits';

const BEFORE_THE_MAIL = ['CONN', 'EHLO', 'HELO', 'LHLO', 'STARTTLS', 'RSET'];

export const SESSION_RULES: readonly Rule[] = [
  {
    // The session was idle, had lasted too long or carried enough mails: only a new one tells whether more is wrong.
    when: { reply: [421], reused: true },
    then: { scope: 'connection', code: 'CONNECTION', what: N_('The server ended the session') },
  },
  {
    when: { reply: [503], reused: true },
    then: { scope: 'connection', code: 'PROTOCOL', what: N_('The server lost track of the session') },
  },
  {
    when: { code: ['ETLS'], replyClass: 5 },
    then: {
      scope: 'account',
      minWait: WAIT.HOLD,
      code: 'TLS',
      what: N_('The server offers no STARTTLS'),
      hint: N_(
        'Use the port for implicit TLS (mail.smtp.port=465, mail.smtp.ssl.enable=true), or a server that offers STARTTLS.',
      ),
    },
  },
  {
    when: { code: ['ETLS'], replyClass: 4 },
    then: {
      scope: 'account',
      code: 'TLS',
      what: N_('The server takes no TLS for now'),
      retried: true,
      hint: N_('If it stays, ask the provider.'),
    },
  },
  {
    when: { reply: [421], enhanced: ['4.7.0'] },
    then: {
      scope: 'account',
      minWait: WAIT.SLOW_DOWN,
      code: 'RATE',
      what: N_('The server wants a pause'),
      retried: true,
      hint: N_(
        'If it stays, set fewer connections and a rate limit, and a full host name in mail.smtp.localhost.',
      ),
    },
  },
  {
    // RFC 5321 section 4.2: 421 ends the session; 432 and 454 are about the login or the account.
    when: { reply: [421, 432, 454] },
    then: {
      scope: 'account',
      code: 'SERVER',
      what: N_('The server is not available for now'),
      retried: true,
      hint: N_('If it stays, set fewer connections or ask the provider.'),
    },
  },
  {
    // The exception to the next rule: 4.1.z and 4.2.z are about the address of the sender, 4.3.4 about this size.
    when: { command: ['MAIL FROM'], replyClass: 4, text: /^4\d\d 4\.(?:[12]\.|3\.4\b)/ },
    then: {
      scope: 'message',
      minWait: WAIT.GREYLIST,
      code: 'SENDER',
      what: N_('The server does not take this sender for now'),
      hint: N_('Check the `from` address; its domain must exist.'),
    },
  },
  {
    when: { command: ['MAIL FROM', ...BEFORE_THE_MAIL], replyClass: 4 },
    then: {
      scope: 'account',
      code: 'SERVER',
      what: N_('The server takes no mails for now'),
      retried: true,
      hint: N_('If it stays, ask the provider.'),
    },
  },
  {
    // The session was in the wrong state, which says nothing about the mail.
    when: { reply: [503], command: ['MAIL FROM', ...BEFORE_THE_MAIL] },
    then: { scope: 'account', code: 'PROTOCOL', what: N_('The server lost track of the session') },
  },
  {
    when: { command: ['CONN'], replyClass: 5 },
    then: {
      scope: 'account',
      minWait: WAIT.HOLD,
      code: 'SERVER',
      what: N_('The server does not want this machine as a client'),
      hint: N_(
        'It may block this IP address: use the mail server of your provider with a login, or ask for the reason.',
      ),
    },
  },
  {
    when: { command: BEFORE_THE_MAIL, replyClass: 5 },
    then: {
      scope: 'account',
      minWait: WAIT.HOLD,
      code: 'PROTOCOL',
      what: N_('The server refused to begin a session'),
      hint: N_('Check host and port, and set a full host name in mail.smtp.localhost.'),
    },
  },
];
