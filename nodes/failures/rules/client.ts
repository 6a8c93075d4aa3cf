/**
 * Replies about who sends: the name of this machine, its address, the sender. Servers give them at whatever command;
 * Postfix waits until RCPT TO (smtpd_delay_reject), and so they look as if they were about the recipient. Words:
 * Postfix smtpd_check.c, the default ACLs of Exim, Sendmail's proto.m4.
 */
import { N_ } from '../../language/text';
import { account, type Rule } from '../rule';
import * as WAIT from '../waits';

/** After the dot the same words are about the content. */
const BEFORE_THE_BODY = ['EENVELOPE', 'EPROTOCOL', 'ECONNECTION'];

export const CLIENT_RULES: readonly Rule[] = [
  {
    example: 'RCPT TO: 504 5.5.2 <box>: Helo command rejected: need fully-qualified hostname',
    when: {
      code: BEFORE_THE_BODY,
      reply: ['4yz', '5yz'],
      text: /\b(?:HELO|EHLO)\b.{0,60}\b(?:reject|refus|den(?:y|ied)|blocked)|(?:invalid|bad|bogus|forged|unresolvable|syntactically invalid) (?:HELO|EHLO)/i,
    },
    then: account('PROTOCOL', WAIT.HOLD),
    what: N_('The server does not accept the name of this machine'),
    hint: N_('Set a full host name that DNS knows in mail.smtp.localhost, such as nodered.example.com.'),
  },
  {
    // A hold without a least wait: where only one flow has this sender, the next mail shows it, and that one goes on.
    example: 'RCPT TO: 553 5.7.1 <a@example.com>: Sender address rejected: not owned by user b@example.com',
    when: {
      code: BEFORE_THE_BODY,
      reply: ['4yz', '5yz'],
      text: /sender address rejected|sender (?:address )?\[[^\]]*\] blocked|sender verif(?:y|ication) failed|could not complete sender verify|domain of sender|for sender address/i,
    },
    then: account('SENDER'),
    what: N_('The server refused the sender'),
    hint: N_(
      'Use the address of the account as `from`; its domain must exist. Some servers also want a login for it (mail.smtp.auth=true).',
    ),
  },
  {
    // RFC 3463, X.1.7 and X.1.8: the address of the sender.
    example: 'RCPT TO: 553 5.1.8 <a@nowhere.example>... Domain does not exist',
    when: { command: 'RCPT TO', enhanced: ['4.1.7', '4.1.8', '5.1.7', '5.1.8'] },
    then: account('SENDER'),
    what: N_('The server refused the sender'),
    hint: N_(
      'Use the address of the account as `from`; its domain must exist. Some servers also want a login for it (mail.smtp.auth=true).',
    ),
  },
  {
    example:
      'RCPT TO: 550 5.7.1 Service unavailable; client [192.0.2.1] blocked using zen.spamhaus.org; https://www.spamhaus.org/query/ip/192.0.2.1',
    when: {
      code: BEFORE_THE_BODY,
      reply: ['4yz', '5yz'],
      text: /client host rejected|\bclient (?:host |address )?\[[^\]]*\] (?:is )?(?:blocked|rejected)|error: access denied for \S+\[|\b(?:in a|on the|our) black ?list\b|\b(?:black|block|deny) ?listed\b(?! by recipient)|(?<!\bnot )\blisted (?:at|by|in|on)\b|\bDNS[BW]L\b/i,
    },
    then: account('SERVER', WAIT.HOLD),
    what: N_('The server does not want this machine as a client'),
    hint: N_(
      'It may block this IP address, or take mails only after a login (mail.smtp.auth=true): use the mail server of your provider with a login, or ask for the reason.',
    ),
  },
];
