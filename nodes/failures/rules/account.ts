/**
 * Replies that are about the account - its login, its quota, its pace - and look as if they were about the mail.
 * They hold the account and keep the mail. Codes: the pages of Gmail, Exchange Online and Amazon SES on SMTP errors.
 */
import { N_ } from '../../language/text';
import { account, type Rule } from '../rule';
import { TOO_MANY_LOGINS } from './rate';
import * as WAIT from '../waits';

/** Postfix, Exim, Sendmail, Exchange, qmail. */
export const RELAYING =
  /relay(?:ing)? (?:access )?(?:is )?(?:denied|not|prohibited)|(?:unable|not permitted|not allowed) to relay|allowed rcpthosts/i;

export const ACCOUNT_RULES: readonly Rule[] = [
  {
    // Basic authentication for client submission is retired at Exchange Online.
    example: 'dot: 550 5.7.30 Basic authentication is not supported for Client Submission.',
    when: { reply: '5yz', text: /\b5\.7\.30\b|basic authentication is not supported/i },
    then: account('AUTH', WAIT.HOLD),
    what: N_('The server no longer takes a password'),
    hint: N_('Choose OAuth2 as the login of the connector (authType).'),
  },
  {
    example:
      'AUTH: 535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.',
    when: { reply: '5yz', text: /\b5\.7\.139\b|SmtpClientAuthentication is disabled/i },
    then: account('AUTH', WAIT.HOLD),
    what: N_('The server refused the login'),
    hint: N_(
      'SMTP AUTH is off for this tenant or mailbox, or security defaults block it: let an administrator turn on Authenticated SMTP, and choose OAuth2 as the login of the connector (authType).',
    ),
  },
  {
    // RFC 4954 has 538, Postfix 504, others 530 as before MAIL FROM.
    example: 'AUTH: 538 5.7.11 Encryption required for requested authentication mechanism',
    when: {
      code: 'EAUTH',
      reply: '5yz',
      text: /^538\b|\bSTARTTLS\b|encryption (?:is )?(?:required|needed)|(?:require|need|must use)s? (?:an? )?(?:TLS|SSL|encrypt)|\b(?:TLS|SSL) (?:is )?(?:required|needed)/i,
    },
    then: account('TLS', WAIT.HOLD),
    what: N_('The server takes a login only over TLS'),
    hint: N_(
      'Set mail.smtp.starttls.enable=true (port 587 or 25), or mail.smtp.ssl.enable=true for port 465.',
    ),
  },
  {
    // Exchange 5.7.4, Sendmail 5.3.3, Exim "not advertised", RFC 4954 534 "mechanism is too weak".
    example: 'AUTH: 504 5.7.4 Unrecognized authentication type',
    when: {
      code: 'EAUTH',
      reply: '5yz',
      text: /^504\b|authentication type|mechanism|\bAUTH\w* (?:command used when )?not (?:advertised|enabled|available|supported)|authentication not enabled/i,
    },
    then: account('AUTH', WAIT.HOLD),
    what: N_('The server does not take this kind of login'),
    hint: N_(
      'Name one that the server offers in mail.smtp.auth.mechanisms, such as PLAIN, LOGIN or CRAM-MD5: the connection test shows what it offers. It may offer more over TLS or on another port.',
    ),
  },
  {
    example: 'AUTH: 454 4.7.0 Too many login attempts, please try again later.',
    when: { code: 'EAUTH', reply: 454, enhanced: '4.7.0' },
    then: account('AUTH', WAIT.LOGIN_THROTTLED),
    what: N_('The server takes no login for now'),
    hint: N_(
      'There were too many logins: set fewer connections, and let no other program log in to this account over and over.',
    ),
  },
  {
    example: 'AUTH: 450 4.7.1 Error: too many AUTH commands from 192.0.2.1',
    when: { code: 'EAUTH', reply: '4yz', text: TOO_MANY_LOGINS },
    then: account('AUTH', WAIT.LOGIN_THROTTLED),
    what: N_('The server takes no login for now'),
    hint: N_(
      'There were too many logins: set fewer connections, and let no other program log in to this account over and over.',
    ),
  },
  {
    example: 'AUTH: 432 4.7.12 A password transition is needed',
    when: { code: 'EAUTH', reply: '4yz' },
    then: account('AUTH', WAIT.HOLD),
    what: N_('The server takes no login for now'),
    retried: true,
    hint: N_('If it stays, log in to the account on the web and look for a notice.'),
  },
  {
    example: 'AUTH: 534 5.7.9 Application-specific password required. For more information, go to gsmtp',
    when: {
      command: 'AUTH',
      text: /5\.7\.9\b|application-specific password|\bapp(?:lication)?[ -]password/i,
    },
    then: account('AUTH', WAIT.HOLD),
    what: N_('The server refused the login'),
    hint: N_(
      'The account needs an app password: make one in its security settings and use it instead of the usual password.',
    ),
  },
  {
    example: { code: 'EAUTH', command: 'API', message: 'Missing credentials for "PLAIN"' },
    when: { code: ['EAUTH', 'ENOAUTH', 'EOAUTH2'], noReply: true },
    then: account('AUTH', WAIT.HOLD),
    what: N_('The login could not be made'),
    hint: N_('Set user name and password in the connector, and a mechanism that the server offers.'),
  },
  {
    example: 'AUTH: 535 5.7.8 Username and Password not accepted.',
    when: { code: 'EAUTH' },
    then: account('AUTH', WAIT.HOLD),
    what: N_('The server refused the login'),
    hint: N_(
      'Check user name and password. Gmail, Yahoo and iCloud want an app password instead of the usual one; Microsoft 365 wants OAuth2.',
    ),
  },
  {
    example: 'MAIL FROM: 530 5.7.0 Must issue a STARTTLS command first.',
    when: { reply: 530, text: /STARTTLS/i },
    then: account('TLS', WAIT.HOLD),
    what: N_('The server wants TLS first'),
    hint: N_(
      'Set mail.smtp.starttls.enable=true (port 587 or 25), or mail.smtp.ssl.enable=true for port 465.',
    ),
  },
  {
    example: 'MAIL FROM: 530 5.7.0 Authentication Required.',
    when: { reply: [530, 534, 535, 538] },
    then: account('AUTH', WAIT.HOLD),
    what: N_('The server wants a login first'),
    hint: N_(
      'Set mail.smtp.auth=true, user name and password. If they are set, the server offers no login on this port: use 587 with STARTTLS or 465 with TLS.',
    ),
  },
  {
    // Servers that ask for a login with 550, 553 or 503 instead of 530.
    example: 'RCPT TO: 550 5.7.1 Client was not authenticated',
    when: {
      reply: '5yz',
      command: ['MAIL FROM', 'RCPT TO', 'DATA'],
      text: /(?:client|user) (?:was |is )?not authenticated|authentication (?:is )?required|requires authentication|(?:must|need to|have to) (?:first )?(?:be )?(?:authenticate|logged in|log ?in)|authenticate first|(?:need|send) AUTH\b|\b5\.7\.57\b/i,
    },
    then: account('AUTH', WAIT.HOLD),
    what: N_('The server wants a login first'),
    hint: N_('Set mail.smtp.auth=true, user name and password.'),
  },
  {
    // Submission servers that only say what they do not do: Postfix (`permit_sasl_authenticated, reject`), Exim, Exchange.
    example: 'RCPT TO: 554 5.7.1 <b@x.example>: Recipient address rejected: Access denied',
    when: {
      anonymous: true,
      command: 'RCPT TO',
      reply: ['4yz', '5yz'],
      text: new RegExp(`${RELAYING.source}|access denied`, 'i'),
    },
    then: account('AUTH', WAIT.HOLD),
    what: N_('The server takes no mail without a login'),
    hint: N_(
      'Log in: set mail.smtp.auth=true, user name and password. If the server offers no login on this port, use 587 with STARTTLS or 465 with TLS.',
    ),
  },
  {
    example: 'RCPT TO: 550 5.7.1 Rejected by policy',
    when: { anonymous: true, submission: true, command: 'RCPT TO', text: /^5\d\d 5\.7\.\d/ },
    then: account('AUTH', WAIT.HOLD),
    what: N_('The server takes no mail without a login'),
    hint: N_(
      'Log in: set mail.smtp.auth=true, user name and password. If the server offers no login on this port, use 587 with STARTTLS or 465 with TLS.',
    ),
  },
  {
    // Gmail 5.4.5; Exchange 5.1.90, 5.7.232, 5.7.233 and its SubmissionQuotaExceededException.
    example: 'dot: 550 5.4.5 Daily user sending limit exceeded.',
    when: {
      reply: '5yz',
      text: /^\d{3} (?:5\.4\.5|5\.1\.90|5\.7\.232|5\.7\.233)\b|SubmissionQuotaExceeded|submission quota exceeded/i,
    },
    then: account('QUOTA', WAIT.QUOTA),
    what: N_('The sending quota of the account is used up'),
    hint: N_(
      'It frees within 24 hours and the mails wait until then. Send fewer mails (batches), set a rate limit for the day, or use an account with a higher limit.',
    ),
  },
  {
    // The same from other providers, which have no code for it; a recipient's limits for receiving do not count.
    example:
      'MAIL FROM: 550 Domain example.com has exceeded the max emails per hour (150/150 (100%)) allowed',
    when: {
      text: /^(?!.*receiv)(?:.*\b(?:daily|hourly|sending|submission|outgoing)\b[^.]{0,40}\b(?:quota|limits?)\b[^.]{0,30}\b(?:exceeded|reached)\b|.*\bexceeded\b[^.]{0,40}\b(?:daily|hourly|sending|max(?:imum)? (?:e-?mails|messages)|(?:e-?mails|messages) per (?:hour|day|minute))\b)/i,
      command: ['MAIL FROM', 'RCPT TO', 'DATA'],
    },
    then: account('QUOTA', WAIT.QUOTA),
    what: N_('The sending limit of the account is used up'),
    hint: N_('The mails wait until it frees. Set a rate limit in the connector that fits the account.'),
  },
  {
    // Zoho: the block is lifted on the page UnblockMe of the account, or by itself after some hours.
    example: 'dot: 550 5.4.6 Unusual sending activity detected. Please try after sometime.',
    when: { reply: ['4yz', '5yz'], text: /unusual sending activity/i },
    then: account('QUOTA', WAIT.QUOTA),
    what: N_('The provider blocks the account for what it sent'),
    hint: N_(
      'The mails wait until it is free again. Log in to the account on the web and unblock it (Zoho: mail.zoho.com/UnblockMe), then send fewer mails or set a rate limit.',
    ),
  },
  {
    // Plesk (outgoing mail control); cbpolicyd behind Postfix, with 4yz or 5yz as it was set up.
    example:
      'dot: 554 5.7.0 Your message could not be sent. The limit on the number of allowed outgoing messages was exceeded. Try again later.',
    when: {
      reply: ['4yz', '5yz'],
      text: /limit on the number of allowed outgoing messages|message (?:count|cumulative size) quota exceeded/i,
    },
    then: account('QUOTA', WAIT.QUOTA),
    what: N_('The sending limit of the account is used up'),
    hint: N_('The mails wait until it frees. Set a rate limit in the connector that fits the account.'),
  },
  {
    // Exchange after DATA: the sender's own mailbox has no room for the copy in Sent Items.
    example: 'dot: 554 5.2.2 mailbox full; STOREDRV.Submission',
    when: { reply: 554, enhanced: '5.2.2', command: 'DATA' },
    then: account('QUOTA', WAIT.HOLD),
    what: N_('The mailbox of the account is full'),
    hint: N_('Delete mails in it, also in Sent Items.'),
  },
];
