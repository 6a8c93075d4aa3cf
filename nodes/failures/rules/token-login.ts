/** Why a server refuses an access token ("Authenticate an IMAP, POP or SMTP connection using OAuth" and its questions). */
import { N_ } from '../../language/text';
import { account, type Rule } from '../rule';
import * as WAIT from '../waits';

export const TOKEN_LOGIN_RULES: readonly Rule[] = [
  {
    example:
      'AUTH: 535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Mailbox.',
    when: { token: true, reply: '5yz', text: /\b5\.7\.139\b|SmtpClientAuthentication is disabled/i },
    then: account('AUTH', WAIT.HOLD),
    what: N_('The server refused the login'),
    hint: N_(
      'SMTP AUTH is off for this tenant or mailbox: let an administrator turn on Authenticated SMTP for it.',
    ),
  },
  {
    example: 'AUTH: 535 5.7.3 Authentication unsuccessful [SN2PR00CA0018.namprd00.prod.outlook.com]',
    when: { token: true, code: 'EAUTH', reply: '5yz', enhanced: '5.7.3' },
    then: account('AUTH', WAIT.HOLD),
    what: N_('The server refused the access token'),
    hint: N_(
      'Check that the username is the mailbox of the sign-in, or one that it may use. An app needs the permission SMTP.SendAsApp with the consent of an administrator, New-ServicePrincipal with the object id of the enterprise application, and Add-MailboxPermission for the mailbox.',
    ),
  },
  {
    example: 'AUTH: 535 5.7.8 Username and Password not accepted. (status 400, schemes Bearer)',
    when: { token: true, code: 'EAUTH', reply: '5yz' },
    then: account('AUTH', WAIT.HOLD),
    what: N_('The server refused the access token'),
    hint: N_(
      'Check that the username is the mailbox that the token is for, and oauthScope; or sign in again.',
    ),
  },
  {
    example: { code: 'EAUTH', command: 'AUTH', message: 'The server offers PLAIN for the login' },
    when: { token: true, code: 'EAUTH', noReply: true },
    then: account('AUTH', WAIT.HOLD),
    what: N_('The login could not be made'),
    hint: N_(
      'Check host and port: the server may offer more after STARTTLS or on another port, or take no tokens.',
    ),
  },
];
