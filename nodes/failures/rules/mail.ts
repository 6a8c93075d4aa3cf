/**
 * Replies about one mail, its sender or one of its recipients. The account is fine: other mails go on.
 */
import { N_ } from '../../language/text';
import { forGood, greylisted, message, type Rule } from '../rule';
import { RELAYING } from './account';
import * as WAIT from '../waits';

export const MAIL_RULES: readonly Rule[] = [
  {
    example: 'dot: 550 5.2.121 Recipient has exceeded their limit',
    when: { enhanced: ['5.2.121', '5.2.122'] },
    then: message('RATE', WAIT.RECIPIENT_HOURLY),
    what: N_('The recipient gets too many mails in this hour'),
    hint: N_('Send fewer mails to this address: larger batches, or more seconds between them.'),
  },
  {
    example: 'dot: 550 5.7.60 SMTP; Client does not have permissions to send as this sender',
    when: {
      reply: '5yz',
      text: /\b5\.7\.60\b|\b5\.2\.252\b|SendAsDenied|not (?:allowed|permitted|authorized) to send as/i,
    },
    then: forGood('SENDER'),
    what: N_('The account may not send as this sender'),
    hint: N_('Use the address of the account as `from`, or get the permission to send as this address.'),
  },
  {
    // RFC 5321 section 4.5.3.1.10: the rest goes into a second transaction, whether it is 452 or the older 552.
    example: 'RCPT TO: 452 4.5.3 Error: too many recipients',
    when: { command: 'RCPT TO', text: /^45\d 4\.5\.3\b|^(?:452|552)\b.*too many recipients/i },
    then: message('RECIPIENT'),
    what: N_('The server takes no more recipients in one mail'),
    hint: N_('The others get it in a second one.'),
  },
  {
    // For one recipient alone: more than one are split before anything is called a failure (recipient-limit.ts).
    example: 'RCPT TO: 550 5.5.3 Too many recipients',
    when: {
      command: ['RCPT TO', 'DATA'],
      reply: '5yz',
      text: /^5\d\d 5\.5\.3\b|too many recipients|\bRecipLimit\b|recipient count exceeds/i,
    },
    then: forGood('RECIPIENT'),
    what: N_('The server takes the mail for no recipient'),
    hint: N_('It says that there are too many, although there was one: ask the provider.'),
  },
  {
    example: 'RCPT TO: 451 4.7.1 Greylisted, come back later',
    when: { command: 'RCPT TO', reply: '4yz' },
    then: greylisted('RECIPIENT'),
    what: N_('The server does not take this recipient for now'),
    retried: true,
    hint: N_('The mailbox may be full or busy, or the server lets strangers wait (greylisting).'),
  },
  {
    example: 'dot: 451 4.3.0 Error: queue file write error',
    when: { reply: '4yz' },
    then: message('REFUSED'),
    what: N_('The server does not take this mail for now'),
    retried: true,
  },
  {
    example: 'dot: 503 5.5.1 Bad sequence of commands',
    when: { reply: 503 },
    then: message('PROTOCOL'),
    what: N_('The server lost track of the session'),
  },
  {
    example: 'RCPT TO: 552 5.2.2 Mailbox full',
    when: {
      command: 'RCPT TO',
      reply: '5yz',
      text: /^5\d\d 5\.2\.2\b|^552\b|mailbox (?:is )?full|over ?quota/i,
    },
    then: forGood('RECIPIENT'),
    what: N_('The mailbox of the recipient is full'),
    hint: N_('Reach the recipient another way, or use another address.'),
  },
  {
    example: 'RCPT TO: 554 5.7.1 <b@x.example>: Relay access denied',
    when: { command: 'RCPT TO', reply: '5yz', text: RELAYING },
    then: forGood('RECIPIENT'),
    what: N_('The server does not pass mails on to this recipient'),
    hint: N_('It does so only after a login (mail.smtp.auth=true), or only for its own addresses.'),
  },
  {
    example: 'RCPT TO: 550 5.1.1 <nobody@example.com>: Recipient address rejected: User unknown',
    when: { command: 'RCPT TO', reply: '5yz' },
    then: forGood('RECIPIENT'),
    what: N_('The server refused the recipient'),
    hint: N_('Check the address.'),
  },
  {
    example: 'dot: 552 5.2.2 Mailbox full',
    when: { command: 'DATA', reply: '5yz', text: /^5\d\d 5\.2\.2\b|mailbox (?:is )?full/i },
    then: forGood('REFUSED'),
    what: N_('A mailbox is full'),
    hint: N_('Reach the recipient another way; if it is the mailbox of the account, delete mails in it.'),
  },
  {
    example:
      'dot: 552 5.7.0 This message was blocked because its content presents a potential security issue.',
    when: { reply: '5yz', text: /^552 5\.7\.0\b/ },
    then: forGood('CONTENT'),
    what: N_('The server refused the content of the mail'),
    hint: N_(
      'It blocks the type of an attachment (programs, scripts, archives with a password): send it another way.',
    ),
  },
  {
    example: 'MAIL FROM: 552 5.3.4 Message size exceeds fixed limit',
    when: { command: ['MAIL FROM', 'DATA'], reply: '5yz', text: /^552\b|^5\d\d 5\.(?:2\.3|3\.4)\b/ },
    then: forGood('TOO_LARGE'),
    what: N_('The mail is larger than the server takes'),
    hint: N_('Send fewer or smaller attachments; attachMaxMb limits them.'),
  },
  {
    example: 'MAIL FROM: 550 5.1.0 Sender rejected',
    when: { command: 'MAIL FROM', reply: '5yz' },
    then: forGood('SENDER'),
    what: N_('The server refused the sender'),
    hint: N_('Use the address of the account as `from`.'),
  },
  {
    example: 'dot: 550 5.7.26 This mail has been blocked because the sender is unauthenticated.',
    when: { enhanced: '5.7.26' },
    then: forGood('SENDER'),
    what: N_('The server could not verify the sender'),
    hint: N_('The domain of `from` needs SPF or DKIM for this mail server; ask who runs the domain.'),
  },
  {
    example: 'dot: 554 5.7.1 Message rejected as spam',
    when: { reply: '5yz', command: ['DATA', 'API', ''] },
    then: forGood('REFUSED'),
    what: N_('The server refused the mail'),
    hint: N_(
      "See the server's words: content, links or attachments may look like spam, or the sender is not allowed.",
    ),
  },
];
