/**
 * Replies about too many mails, logins or connections in a time. Servers give them at whatever command; they are about
 * the account or this machine, never about the mail. What one recipient gets too much of is in failure-rules-mail.ts.
 */
import { N_ } from '../../language/text';
import { account, type Rule } from '../rule';
import * as WAIT from '../waits';

/** Gmail; Postfix counts AUTH commands (smtpd_client_auth_rate_limit). */
export const TOO_MANY_LOGINS = /too many (?:log-?in|auth\w*) (?:attempts|commands)/i;

export const RATE_RULES: readonly Rule[] = [
  {
    // Exchange: three connections for each mailbox (learn.microsoft.com, smtp-submission-improvements).
    example: 'dot: 432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded',
    when: {
      reply: '4yz',
      text: /^432 4\.3\.2|concurrent connections? limit exceeded|sender thread limit exceeded/i,
    },
    then: account('RATE', WAIT.CONCURRENCY),
    what: N_('The server allows fewer connections at once'),
    hint: N_('Set fewer connections in the connector; Exchange Online allows 3 for each mailbox.'),
  },
  {
    example: 'dot: 454 Throttling failure: Daily message quota exceeded.',
    when: { reply: '4yz', text: /throttling failure.*daily|daily message quota exceeded/i },
    then: account('QUOTA', WAIT.QUOTA),
    what: N_('The daily quota of the account is used up'),
    hint: N_('Ask Amazon SES for a higher quota, or set a rate limit for the day.'),
  },
  {
    example: 'dot: 454 Throttling failure: Maximum sending rate exceeded.',
    when: { reply: '4yz', text: /maximum sending rate exceeded|throttling failure/i },
    then: account('RATE', WAIT.PER_SECOND),
    what: N_('The server allows fewer mails in this time'),
    hint: N_('Set a rate limit in the connector that fits the account.'),
  },
  {
    // At AUTH it is about the login, see failure-rules-account.ts.
    example: 'MAIL FROM: 454 4.7.0 Too many login attempts, please try again later.',
    when: {
      code: ['EENVELOPE', 'EMESSAGE', 'EPROTOCOL', 'ECONNECTION'],
      reply: '4yz',
      text: TOO_MANY_LOGINS,
    },
    then: account('RATE', WAIT.LOGIN_THROTTLED),
    what: N_('There were too many logins'),
    hint: N_('Set fewer connections, and let no other program log in to this account over and over.'),
  },
  {
    // Postfix smtpd.c (by anvil, each minute), Exim's ratelimit ACL, Exchange throttling policies, Sendmail ratecontrol,
    // Gmail 4.7.28, Outlook 4.7.500 and 4.7.650, rspamd ratelimit (mailcow, Hostinger), Mailu.
    example: 'MAIL FROM: 450 4.7.1 Error: too much mail from 192.0.2.1',
    when: {
      reply: '4yz',
      text: /^(?!.*receiv)(?:4\d\d 4\.7\.(?:28|500|650)\b|.*(?:too much mail|too many (?:(?:e-?)?mails|messages|recipients from|new TLS sessions)\b(?! (?:in|per|for) (?:this|one|a) (?:session|connection))|too fast|slower|rate[ -]?limit|overlimit|unusual rate|\b(?:connection|submission|sending|message|mail|sender) rate\b.{0,60}(?:exceed|over)))/i,
    },
    then: account('RATE', WAIT.SLOW_DOWN),
    what: N_('The server allows fewer mails in this time'),
    retried: true,
    hint: N_('If it stays, set a rate limit in the connector that fits the account.'),
  },
  {
    // Exim smtp_accept_max, Postfix smtpd_client_connection_count_limit, Sendmail conncontrol, Exchange MaxInboundConnectionPerSource.
    example: 'CONN: 421 mail.example.com: Too many concurrent SMTP connections; please try again later',
    when: {
      reply: '4yz',
      text: /too many (?:\w+ ){0,2}(?:connections|sessions)\b|number of (?:concurrent |simultaneous )?(?:server )?connections|connection limit|concurrency limit/i,
    },
    then: account('RATE', WAIT.SLOW_DOWN),
    what: N_('The server allows fewer connections at once'),
    retried: true,
    hint: N_('If it stays, set fewer connections in the connector.'),
  },
];
