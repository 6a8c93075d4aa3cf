/**
 * The knowledge about failures as a table: the first rule whose conditions all hold decides.
 *
 * Class rule (RFC 3463, RFC 5321 section 4.2.1): 4yz may work later, 5yz never works in this form. An account that
 * sends through a provider needs exceptions: replies that look permanent and are a quota, a login or a throttle.
 */
import { N_ } from '../language/text';
import { account, forGood, message, type Meaning, type Rule } from './rule';
import { ACCOUNT_RULES } from './rules/account';
import { CLIENT_RULES } from './rules/client';
import { CONNECTION_RULES } from './rules/connection';
import { MAIL_RULES } from './rules/mail';
import { OAUTH2_RULES } from './rules/oauth2';
import { RATE_RULES } from './rules/rate';
import { SESSION_RULES } from './rules/session';
import { TOKEN_LOGIN_RULES } from './rules/token-login';

export const AMBIGUOUS: Meaning = {
  then: { scope: 'ambiguous', permanent: false, minWait: 0, code: 'AMBIGUOUS' },
  what: N_('The connection ended after the mail was handed over and before the server confirmed it'),
  hint: N_(
    'The server may have the mail already; a repeated one has the same Message-ID, so that a duplicate can be recognised.',
  ),
};

export const STOPPED: Meaning = {
  then: { scope: 'aborted', permanent: false, minWait: 0, code: 'ABORTED' },
  what: N_('The attempt was ended because the connector stops'),
  hint: N_('The mail stays in the outbox and is sent after the next start.'),
};

/** Nothing that a server or a network does: the mail is tried again within its attempts and blocks no other. */
export const UNKNOWN: Meaning = {
  then: message('INTERNAL'),
  what: N_('The mail could not be handed to the mail server'),
  hint: N_('If it stays, set mail.debug=true and look at the log.'),
};

/** The attempt ended here, before a server judged anything. */
const OWN_SIDE: Rule[] = [
  {
    example: { code: 'EABORT', message: 'Message sending aborted' },
    when: { code: 'EABORT', noReply: true },
    ...STOPPED,
  },
  {
    example: { message: 'Connection pool was closed' },
    when: { noReply: true, text: /Connection pool was closed/ },
    ...STOPPED,
  },
  {
    // The disk, not the mail: every mail would fail until there is room or a free descriptor again.
    example: { code: 'ESTREAM', originalCode: 'ENOSPC', message: 'ENOSPC: no space left on device, write' },
    when: { code: 'ESTREAM', original: ['ENOSPC', 'EDQUOT', 'EROFS', 'EMFILE', 'ENFILE', 'ENOMEM'] },
    then: account('STORAGE'),
    what: N_('The outbox could not be read or written'),
    hint: N_('Free disk space, memory or file descriptors on this machine.'),
  },
  {
    example: { code: 'ESTREAM', originalCode: 'EBUSY', message: 'EBUSY: resource busy or locked, open' },
    when: {
      code: 'ESTREAM',
      original: ['EIO', 'EBUSY', 'EACCES', 'EPERM', 'EAGAIN', 'EFETCH', 'ETIMEDOUT'],
    },
    then: message('STORAGE'),
    what: N_('The content of the mail could not be read'),
    hint: N_(
      'Check the outbox folder: another program may lock its files or have changed their permissions.',
    ),
  },
  {
    example: { code: 'ESTREAM', originalCode: 'ENOENT', message: 'ENOENT: no such file or directory, open' },
    when: { code: 'ESTREAM' },
    then: forGood('CONTENT'),
    what: N_('The content of the mail could not be read'),
    hint: N_('Check the attachments and the outbox folder, then send the mail again.'),
  },
  {
    example: { code: 'EMESSAGE', command: 'MAIL FROM', message: 'Message size larger than allowed 10485760' },
    when: { code: 'EMESSAGE', noReply: true, text: /Message size larger than allowed/ },
    then: forGood('TOO_LARGE'),
    what: N_('The mail is larger than the server takes'),
    hint: N_('Send fewer or smaller attachments; attachMaxMb limits them.'),
  },
  {
    example: { code: 'EENVELOPE', command: 'API', message: 'No recipients defined' },
    when: { code: ['EENVELOPE', 'EMESSAGE', 'EMAXRECIPIENTS'], command: ['API', ''], noReply: true },
    then: forGood('CONTENT'),
    what: N_('The mail can not be sent as it is'),
    hint: N_('Check the sender and the recipients of the mail.'),
  },
];

/**
 * In the order of the decision: what is about the account comes before what looks like the mail, and a reply tells
 * more than the way in which the connection ended.
 */
export const RULES: readonly Rule[] = [
  ...OWN_SIDE,
  ...RATE_RULES,
  ...OAUTH2_RULES,
  ...TOKEN_LOGIN_RULES,
  ...ACCOUNT_RULES,
  ...CLIENT_RULES,
  ...SESSION_RULES,
  ...MAIL_RULES,
  ...CONNECTION_RULES,
];
