/**
 * Replies that are about the account - its login, its quota, its pace - and look as if they were about the mail.
 * They hold the account and keep the mail. Codes: the pages of Gmail, Exchange Online and Amazon SES on SMTP errors.
 */
import { N_ } from '../language/text';
import type { Rule } from './failure-rule';
import * as WAIT from './failure-waits';

export const ACCOUNT_RULES: readonly Rule[] = [
  {
    // Exchange: three connections for each mailbox (learn.microsoft.com, smtp-submission-improvements).
    when: {
      replyClass: 4,
      text: /^432 4\.3\.2|concurrent connections? limit exceeded|sender thread limit exceeded/i,
    },
    then: {
      scope: 'account',
      minWait: WAIT.CONCURRENCY,
      code: 'RATE',
      what: N_('The server allows fewer connections at once'),
      hint: N_('Set fewer connections in the connector; Exchange Online allows 3 for each mailbox.'),
    },
  },
  {
    when: { replyClass: 4, text: /throttling failure.*daily|daily message quota exceeded/i },
    then: {
      scope: 'account',
      minWait: WAIT.QUOTA,
      code: 'QUOTA',
      what: N_('The daily quota of the account is used up'),
      hint: N_('Ask Amazon SES for a higher quota, or set a rate limit for the day.'),
    },
  },
  {
    when: { replyClass: 4, text: /maximum sending rate exceeded|throttling failure/i },
    then: {
      scope: 'account',
      minWait: WAIT.PER_SECOND,
      code: 'RATE',
      what: N_('The server allows fewer mails in this time'),
      hint: N_('Set a rate limit in the connector that fits the account.'),
    },
  },
  {
    // Basic authentication for client submission is retired at Exchange Online.
    when: { replyClass: 5, text: /\b5\.7\.30\b|basic authentication is not supported/i },
    then: {
      scope: 'account',
      minWait: WAIT.HOLD,
      code: 'AUTH',
      what: N_('The server no longer takes a password'),
      hint: N_('Use OAuth2: mail.smtp.auth.mechanisms=XOAUTH2 with an access token as the password.'),
    },
  },
  {
    when: { replyClass: 5, text: /\b5\.7\.139\b|SmtpClientAuthentication is disabled/i },
    then: {
      scope: 'account',
      minWait: WAIT.HOLD,
      code: 'AUTH',
      what: N_('The server refused the login'),
      hint: N_(
        'SMTP AUTH is off for this tenant or mailbox, or security defaults block it: let an administrator turn on Authenticated SMTP, or use OAuth2 (mail.smtp.auth.mechanisms=XOAUTH2, the access token as the password).',
      ),
    },
  },
  {
    when: { code: ['EAUTH'], reply: [454], enhanced: ['4.7.0'] },
    then: {
      scope: 'account',
      minWait: WAIT.LOGIN_THROTTLED,
      code: 'AUTH',
      what: N_('The server takes no login for now'),
      hint: N_(
        'There were too many logins: set fewer connections, and let no other program log in to this account over and over.',
      ),
    },
  },
  {
    when: { code: ['EAUTH'], replyClass: 4 },
    then: {
      scope: 'account',
      minWait: WAIT.HOLD,
      code: 'AUTH',
      what: N_('The server takes no login for now'),
      retried: true,
      hint: N_('If it stays, log in to the account on the web and look for a notice.'),
    },
  },
  {
    when: {
      command: ['AUTH'],
      text: /5\.7\.9\b|application-specific password|\bapp(?:lication)?[ -]password/i,
    },
    then: {
      scope: 'account',
      minWait: WAIT.HOLD,
      code: 'AUTH',
      what: N_('The server refused the login'),
      hint: N_(
        'The account needs an app password: make one in its security settings and use it instead of the usual password.',
      ),
    },
  },
  {
    when: { code: ['EAUTH', 'ENOAUTH', 'EOAUTH2'], noReply: true },
    then: {
      scope: 'account',
      minWait: WAIT.HOLD,
      code: 'AUTH',
      what: N_('The login could not be made'),
      hint: N_('Set user name and password in the connector, and a mechanism that the server offers.'),
    },
  },
  {
    when: { code: ['EAUTH'] },
    then: {
      scope: 'account',
      minWait: WAIT.HOLD,
      code: 'AUTH',
      what: N_('The server refused the login'),
      hint: N_(
        'Check user name and password. Gmail, Yahoo and iCloud want an app password instead of the usual one; Microsoft 365 wants OAuth2.',
      ),
    },
  },
  {
    when: { reply: [530], text: /STARTTLS/i },
    then: {
      scope: 'account',
      minWait: WAIT.HOLD,
      code: 'TLS',
      what: N_('The server wants TLS first'),
      hint: N_(
        'Set mail.smtp.starttls.enable=true (port 587 or 25), or mail.smtp.ssl.enable=true for port 465.',
      ),
    },
  },
  {
    when: { reply: [530, 534, 535, 538] },
    then: {
      scope: 'account',
      minWait: WAIT.HOLD,
      code: 'AUTH',
      what: N_('The server wants a login first'),
      hint: N_(
        'Set mail.smtp.auth=true, user name and password. If they are set, the server offers no login on this port: use 587 with STARTTLS or 465 with TLS.',
      ),
    },
  },
  {
    // Servers that ask for a login with 550, 553 or 503 instead of 530.
    when: {
      replyClass: 5,
      command: ['MAIL FROM', 'RCPT TO', 'DATA'],
      text: /client (?:was |is )?not authenticated|authentication (?:is )?required|requires authentication|(?:must|need to|have to) (?:authenticate|log ?in)|authenticate first|need AUTH\b|\b5\.7\.57\b/i,
    },
    then: {
      scope: 'account',
      minWait: WAIT.HOLD,
      code: 'AUTH',
      what: N_('The server wants a login first'),
      hint: N_('Set mail.smtp.auth=true, user name and password.'),
    },
  },
  {
    // Gmail 5.4.5; Exchange 5.1.90, 5.7.232, 5.7.233 and its SubmissionQuotaExceededException.
    when: {
      replyClass: 5,
      text: /^\d{3} (?:5\.4\.5|5\.1\.90|5\.7\.232|5\.7\.233)\b|SubmissionQuotaExceeded|submission quota exceeded/i,
    },
    then: {
      scope: 'account',
      minWait: WAIT.QUOTA,
      code: 'QUOTA',
      what: N_('The sending quota of the account is used up'),
      hint: N_(
        'It frees within 24 hours and the mails wait until then. Send fewer mails (batches), set a rate limit for the day, or use an account with a higher limit.',
      ),
    },
  },
  {
    // The same from other providers, which have no code for it; a recipient's limits for receiving do not count.
    when: {
      text: /^(?!.*receiv)(?:.*\b(?:daily|hourly|sending|submission|outgoing)\b[^.]{0,40}\b(?:quota|limits?)\b[^.]{0,30}\b(?:exceeded|reached)\b|.*\bexceeded\b[^.]{0,40}\b(?:daily|hourly|sending|max(?:imum)? (?:e-?mails|messages)|(?:e-?mails|messages) per (?:hour|day|minute))\b)/i,
      command: ['MAIL FROM', 'RCPT TO', 'DATA'],
    },
    then: {
      scope: 'account',
      minWait: WAIT.QUOTA,
      code: 'QUOTA',
      what: N_('The sending limit of the account is used up'),
      hint: N_('The mails wait until it frees. Set a rate limit in the connector that fits the account.'),
    },
  },
  {
    // Exchange after DATA: the sender's own mailbox has no room for the copy in Sent Items.
    when: { reply: [554], enhanced: ['5.2.2'], command: ['DATA'] },
    then: {
      scope: 'account',
      minWait: WAIT.HOLD,
      code: 'QUOTA',
      what: N_('The mailbox of the account is full'),
      hint: N_('Delete mails in it, also in Sent Items.'),
    },
  },
];
