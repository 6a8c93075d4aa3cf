/**
 * Replies about one mail, its sender or one of its recipients. The account is fine: other mails go on.
 */
import { N_ } from '../language/text';
import type { Rule } from './failure-rule';
import * as WAIT from './failure-waits';

export const MAIL_RULES: readonly Rule[] = [
  {
    when: { enhanced: ['5.2.121', '5.2.122'] },
    then: {
      scope: 'message',
      minWait: WAIT.RECIPIENT_HOURLY,
      code: 'RATE',
      what: N_('The recipient gets too many mails in this hour'),
      hint: N_('Send fewer mails to this address: larger batches, or more seconds between them.'),
    },
  },
  {
    when: {
      replyClass: 5,
      text: /\b5\.7\.60\b|\b5\.2\.252\b|SendAsDenied|not (?:allowed|permitted|authorized) to send as/i,
    },
    then: {
      scope: 'message',
      permanent: true,
      code: 'SENDER',
      what: N_('The account may not send as this sender'),
      hint: N_('Use the address of the account as `from`, or get the permission to send as this address.'),
    },
  },
  {
    // RFC 5321 section 4.5.3.1.10: the rest goes into a second transaction, whether it is 452 or the older 552.
    when: { command: ['RCPT TO'], text: /^45\d 4\.5\.3\b|^(?:452|552)\b.*too many recipients/i },
    then: {
      scope: 'message',
      code: 'RECIPIENT',
      what: N_('The server takes no more recipients in one mail'),
      hint: N_('The others get it in a second one.'),
    },
  },
  {
    // For one recipient alone: more than one are split before anything is called a failure (recipient-limit.ts).
    when: {
      command: ['RCPT TO', 'DATA'],
      replyClass: 5,
      text: /^5\d\d 5\.5\.3\b|too many recipients|\bRecipLimit\b|recipient count exceeds/i,
    },
    then: {
      scope: 'message',
      permanent: true,
      code: 'RECIPIENT',
      what: N_('The server takes the mail for no recipient'),
      hint: N_('It says that there are too many, although there was one: ask the provider.'),
    },
  },
  {
    when: { command: ['RCPT TO'], replyClass: 4 },
    then: {
      scope: 'message',
      minWait: WAIT.GREYLIST,
      code: 'RECIPIENT',
      what: N_('The server does not take this recipient for now'),
      retried: true,
      hint: N_('The mailbox may be full or busy, or the server lets strangers wait (greylisting).'),
    },
  },
  {
    when: { replyClass: 4 },
    then: {
      scope: 'message',
      code: 'REFUSED',
      what: N_('The server does not take this mail for now'),
      retried: true,
    },
  },
  {
    when: { reply: [503] },
    then: { scope: 'message', code: 'PROTOCOL', what: N_('The server lost track of the session') },
  },
  {
    when: {
      command: ['RCPT TO'],
      replyClass: 5,
      text: /^5\d\d 5\.2\.2\b|^552\b|mailbox (?:is )?full|over ?quota/i,
    },
    then: {
      scope: 'message',
      permanent: true,
      code: 'RECIPIENT',
      what: N_('The mailbox of the recipient is full'),
      hint: N_('Reach the recipient another way, or use another address.'),
    },
  },
  {
    when: {
      command: ['RCPT TO'],
      replyClass: 5,
      text: /relay(?:ing)? (?:access )?(?:is )?(?:denied|not)|not permitted to relay/i,
    },
    then: {
      scope: 'message',
      permanent: true,
      code: 'RECIPIENT',
      what: N_('The server does not pass mails on to this recipient'),
      hint: N_('It does so only after a login (mail.smtp.auth=true), or only for its own addresses.'),
    },
  },
  {
    when: { command: ['RCPT TO'], replyClass: 5 },
    then: {
      scope: 'message',
      permanent: true,
      code: 'RECIPIENT',
      what: N_('The server refused the recipient'),
      hint: N_('Check the address.'),
    },
  },
  {
    when: { command: ['DATA'], replyClass: 5, text: /^5\d\d 5\.2\.2\b|mailbox (?:is )?full/i },
    then: {
      scope: 'message',
      permanent: true,
      code: 'REFUSED',
      what: N_('A mailbox is full'),
      hint: N_('Reach the recipient another way; if it is the mailbox of the account, delete mails in it.'),
    },
  },
  {
    when: { replyClass: 5, text: /^552 5\.7\.0\b/ },
    then: {
      scope: 'message',
      permanent: true,
      code: 'CONTENT',
      what: N_('The server refused the content of the mail'),
      hint: N_(
        'It blocks the type of an attachment (programs, scripts, archives with a password): send it another way.',
      ),
    },
  },
  {
    when: { command: ['MAIL FROM', 'DATA'], replyClass: 5, text: /^552\b|^5\d\d 5\.(?:2\.3|3\.4)\b/ },
    then: {
      scope: 'message',
      permanent: true,
      code: 'TOO_LARGE',
      what: N_('The mail is larger than the server takes'),
      hint: N_('Send fewer or smaller attachments; attachMaxMb limits them.'),
    },
  },
  {
    when: { command: ['MAIL FROM'], replyClass: 5 },
    then: {
      scope: 'message',
      permanent: true,
      code: 'SENDER',
      what: N_('The server refused the sender'),
      hint: N_('Use the address of the account as `from`.'),
    },
  },
  {
    when: { enhanced: ['5.7.26'] },
    then: {
      scope: 'message',
      permanent: true,
      code: 'SENDER',
      what: N_('The server could not verify the sender'),
      hint: N_('The domain of `from` needs SPF or DKIM for this mail server; ask who runs the domain.'),
    },
  },
  {
    when: { replyClass: 5, command: ['DATA', 'API', ''] },
    then: {
      scope: 'message',
      permanent: true,
      code: 'REFUSED',
      what: N_('The server refused the mail'),
      hint: N_(
        "See the server's words: content, links or attachments may look like spam, or the sender is not allowed.",
      ),
    },
  },
];
