import assert from 'node:assert/strict';
import {
  classifyFailure,
  classifyRecipient,
  classifyRefusals,
  isSubmissionPort,
  ruleFor,
  type FailureFacts,
} from '../../nodes/failures/classify';
import { RULES } from '../../nodes/failures/rules';
import { readSigns } from '../../nodes/failures/signs';
import { MailError, type Failure } from '../../nodes/types';
import {
  allRefused,
  closed,
  dataCommand,
  errorOf,
  greeting,
  login,
  message,
  nodemailerError,
  recipient,
  sender,
  socket,
  stream,
  timeout,
} from './nodemailer-errors';

const FRESH: FailureFacts = { dotHandedOver: false, reused: false, aborted: false };
const AFTER_DOT: FailureFacts = { ...FRESH, dotHandedOver: true };
const REUSED: FailureFacts = { ...FRESH, reused: true };
const STOPPING: FailureFacts = { ...FRESH, aborted: true };

/** Fault, error, what is made of it (see `inWords`), a part of the hint, facts of the attempt. */
type Row = [fault: string, error: unknown, outcome: string, hint?: RegExp, facts?: FailureFacts];

/** Such as `account, AUTH, 300 s` or `message for good, RECIPIENT`. */
function inWords({ scope, permanent, error, minWait }: Failure): string {
  assert.ok(error instanceof MailError);
  return `${scope}${permanent ? ' for good' : ''}, ${error.code}${minWait > 0 ? `, ${minWait / 1_000} s` : ''}`;
}

function table(rows: Row[], usual: FailureFacts = FRESH): void {
  for (const [fault, error, outcome, hint, facts] of rows) {
    it(`${fault}: ${outcome}`, () => {
      const failure = classifyFailure(error, facts ?? usual);
      assert.equal(inWords(failure), outcome);
      if (hint) assert.match(failure.error.hint ?? '', hint);
    });
  }
}

describe('classifyFailure', () => {
  describe('before there is a session', () => {
    table([
      [
        'a closed port',
        socket('ECONNREFUSED', 'connect ECONNREFUSED 127.0.0.1:25'),
        'account, CONNECTION',
        /mail\.smtp\.port/,
      ],
      [
        'a name that DNS does not know',
        nodemailerError('EDNS', 'CONN', 'getaddrinfo ENOTFOUND smtp.gmial.com', {
          originalCode: 'ENOTFOUND',
        }),
        'account, DNS',
        /spelling of mail\.smtp\.host/,
      ],
      [
        'a DNS that does not answer',
        nodemailerError('EDNS', 'CONN', 'DNS lookup for smtp.example.com timed out', {
          originalCode: 'ETIMEOUT',
        }),
        'account, DNS',
        /network/,
      ],
      [
        'a dropped SYN',
        timeout('CONNECT_TIMEOUT', 'Connection timeout'),
        'account, TIMEOUT',
        /block the port/,
      ],
      [
        'a network without a route',
        socket('EHOSTUNREACH', 'connect EHOSTUNREACH 10.0.0.1:25'),
        'account, CONNECTION',
      ],
      [
        'no greeting',
        timeout('GREETING_TIMEOUT', 'Greeting never received'),
        'account, TIMEOUT',
        /465.*mail\.smtp\.ssl\.enable=true/,
      ],
      [
        '421 4.7.0 at the greeting',
        greeting('421 4.7.0 Try again later, closing connection.'),
        'account, RATE, 60 s',
      ],
      ['450 at the greeting', greeting('450 busy'), 'account, SERVER'],
      [
        '554 at the greeting',
        greeting('554 5.7.1 Service unavailable; client host blocked'),
        'account, SERVER, 300 s',
        /block this IP/,
      ],
      ['FIN before the greeting', closed(), 'account, CONNECTION'],
      [
        'FIN before the greeting, out of the pool',
        nodemailerError(
          'ECONNECTION',
          undefined,
          'Reached maximum number of retries after connection was closed',
        ),
        'account, CONNECTION',
      ],
      ['a connection that ends without an error', new Error('Connection closed'), 'account, CONNECTION'],
      ['RST before the greeting', socket('ECONNRESET', 'read ECONNRESET'), 'account, CONNECTION'],
      ['a garbage greeting', greeting('HTTP/1.1 400 Bad Request'), 'account, PROTOCOL', /another service/],
      ['a stall after EHLO', timeout('SOCKET_TIMEOUT'), 'account, TIMEOUT'],
      [
        '421 at EHLO',
        nodemailerError('ECONNECTION', 'EHLO', 'Server terminates connection.', {
          response: '421 4.3.2 shutting down',
        }),
        'account, SERVER',
      ],
      [
        '502 to EHLO and HELO',
        nodemailerError('EPROTOCOL', 'HELO', 'Invalid HELO.', {
          response: '502 5.5.1 not implemented',
        }),
        'account, PROTOCOL, 300 s',
      ],
      [
        '502 to EHLO when STARTTLS is required',
        nodemailerError('ECONNECTION', 'EHLO', 'EHLO failed', {
          response: '502 5.5.1 not implemented',
        }),
        'account, PROTOCOL, 300 s',
      ],
      [
        'a reply without an end that the deadline cut',
        nodemailerError('EABORT', undefined, 'Message sending aborted'),
        'account, TIMEOUT',
        undefined,
        { ...FRESH, deadline: 'before-dot' },
      ],
      [
        'a Node.js without the permission to connect',
        nodemailerError('ERR_ACCESS_DENIED', 'CONN', 'Access to this API has been restricted'),
        'account, CONNECTION, 300 s',
        /--allow-net/,
      ],
    ]);
  });

  describe('at TLS', () => {
    table([
      [
        'a self-signed certificate',
        socket('DEPTH_ZERO_SELF_SIGNED_CERT', 'self-signed certificate'),
        'account, CERTIFICATE, 300 s',
        /tls-config.*mail\.smtp\.ssl\.trust/,
      ],
      [
        'a certificate of a private CA',
        socket('UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'unable to verify the first certificate'),
        'account, CERTIFICATE, 300 s',
        /tls-config/,
      ],
      [
        'a certificate for another name',
        socket('ERR_TLS_CERT_ALTNAME_INVALID', "Hostname/IP does not match certificate's altnames"),
        'account, CERTIFICATE, 300 s',
        /mail\.smtp\.host/,
      ],
      [
        'an expired certificate',
        socket('CERT_HAS_EXPIRED', 'certificate has expired'),
        'account, CERTIFICATE, 300 s',
        /clock/,
      ],
      [
        'a server that wants a client certificate',
        socket('ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED', 'alert certificate required'),
        'account, CERTIFICATE, 300 s',
        /certificate and key/,
      ],
      [
        'TLS on a plain port',
        socket('ERR_SSL_WRONG_VERSION_NUMBER', 'write EPROTO: wrong version number'),
        'account, TLS, 300 s',
        /465.*587/,
      ],
      [
        'no common version of TLS',
        socket('ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION', 'tlsv1 alert protocol version'),
        'account, TLS, 300 s',
        /mail\.smtp\.ssl\.protocols/,
      ],
      [
        'no common cipher',
        socket('ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE', 'sslv3 alert handshake failure'),
        'account, TLS, 300 s',
      ],
      [
        'STARTTLS that is not offered',
        nodemailerError('ETLS', 'STARTTLS', 'Error upgrading connection with STARTTLS', {
          response: '502 5.5.1 not implemented',
        }),
        'account, TLS, 300 s',
        /465/,
      ],
      [
        'a key that OpenSSL can not read',
        nodemailerError(
          'ETLS',
          'STARTTLS',
          'Error initiating TLS - error:1E08010C:DECODER routines::unsupported',
        ),
        'account, TLS, 300 s',
        /tls-config/,
      ],
      [
        'STARTTLS 454',
        nodemailerError('ETLS', 'STARTTLS', 'Error upgrading connection with STARTTLS', {
          response: '454 4.7.0 TLS not available',
        }),
        'account, TLS',
      ],
      [
        'FIN in the handshake',
        socket(
          'ECONNRESET',
          'Client network socket disconnected before secure TLS connection was established',
        ),
        'account, CONNECTION',
      ],
      [
        'FIN while STARTTLS upgrades',
        nodemailerError('ETLS', 'CONN', 'Connection closed unexpectedly'),
        'account, TLS',
      ],
      ['a stall in the handshake', timeout('UPGRADE_TIMEOUT', 'Upgrade timeout'), 'account, TIMEOUT'],
    ]);
  });

  describe('at the login', () => {
    table([
      [
        'Gmail 535 5.7.8',
        login(
          '535-5.7.8 Username and Password not accepted. For more information, go to\n535 5.7.8  https://support.google.com/mail/?p=BadCredentials a1-2.3 - gsmtp',
        ),
        'account, AUTH, 300 s',
        /app password/,
      ],
      [
        'Gmail 534 5.7.9',
        login(
          '534-5.7.9 Application-specific password required. For more information, go to\n534 5.7.9 gsmtp',
        ),
        'account, AUTH, 300 s',
        /make one in its security settings/,
      ],
      [
        'Exchange 535 5.7.139',
        login(
          '535 5.7.139 Authentication unsuccessful, SmtpClientAuthentication is disabled for the Tenant.',
        ),
        'account, AUTH, 300 s',
        /SMTP AUTH is off.*OAuth2/,
      ],
      [
        'Exchange 550 5.7.30 at AUTH',
        login('550 5.7.30 Basic authentication is not supported for Client Submission.'),
        'account, AUTH, 300 s',
        /OAuth2/,
      ],
      [
        'Exchange 550 5.7.30 after DATA',
        message('550 5.7.30 Basic authentication is not supported for Client Submission.'),
        'account, AUTH, 300 s',
        /OAuth2/,
        AFTER_DOT,
      ],
      [
        'a missing password',
        nodemailerError('EAUTH', 'API', 'Missing credentials for "PLAIN"'),
        'account, AUTH, 300 s',
        /user name and password/,
      ],
      [
        'Gmail 454 4.7.0, too many logins',
        login('454 4.7.0 Too many login attempts, please try again later.'),
        'account, AUTH, 900 s',
        /fewer connections/,
      ],
      ['454 without an enhanced code', login('454 Temporary authentication failure'), 'account, AUTH, 300 s'],
      ['432 4.7.12', login('432 4.7.12 A password transition is needed'), 'account, AUTH, 300 s'],
      ['421 at AUTH', login('421 4.3.0 Temporary system problem'), 'account, AUTH, 300 s'],
      [
        'Exchange 432 4.3.2 at AUTH',
        login('432 4.3.2 Concurrent connections limit exceeded. Visit https://aka.ms/concurrent_sending'),
        'account, RATE, 10 s',
        /3 for each mailbox/,
      ],
      ...(
        [
          '538 5.7.11 Encryption required for requested authentication mechanism',
          '504 5.5.4 Encryption required for requested authentication mechanism',
          '530 5.7.0 Must issue a STARTTLS command first',
          '538 Error: TLS required',
        ] as const
      ).map((response): Row => [response, login(response), 'account, TLS, 300 s', /starttls\.enable=true/]),
      ...(
        [
          '504 5.7.4 Unrecognized authentication type',
          '504 5.3.3 AUTH mechanism CRAM-MD5 not available',
          '503 AUTH command used when not advertised',
          '534 5.7.9 Authentication mechanism is too weak',
          '535 5.7.8 Error: authentication failed: no mechanism available',
          '503 5.5.1 Error: authentication not enabled',
        ] as const
      ).map((response): Row => [
        response,
        login(response),
        'account, AUTH, 300 s',
        /mail\.smtp\.auth\.mechanisms/,
      ]),
      ['FIN at AUTH', closed(), 'account, CONNECTION'],
      [
        '530 at MAIL, when the server offered no login',
        sender('530 5.7.0 Authentication Required.'),
        'account, AUTH, 300 s',
        /mail\.smtp\.auth=true/,
      ],
      [
        '530 that asks for STARTTLS',
        sender('530 5.7.0 Must issue a STARTTLS command first.'),
        'account, TLS, 300 s',
        /mail\.smtp\.starttls\.enable=true/,
      ],
      [
        'Exchange 530 5.7.57',
        sender('530 5.7.57 Client not authenticated to send mail.'),
        'account, AUTH, 300 s',
      ],
      [
        '550 at RCPT that asks for a login',
        allRefused('550 5.7.1 Client was not authenticated', '550 5.7.1 Client was not authenticated'),
        'account, AUTH, 300 s',
      ],
      [
        'Exchange 550 5.7.3',
        recipient('550 5.7.3 Requested action aborted; user not authenticated'),
        'account, AUTH, 300 s',
      ],
      [
        'a login that must be made',
        recipient('550 You must be authenticated to relay'),
        'account, AUTH, 300 s',
      ],
      [
        '503 that asks for a login',
        sender('503 5.5.4 Bad sequence, this server requires authentication'),
        'account, AUTH, 300 s',
        undefined,
        REUSED,
      ],
    ]);
  });

  describe('at MAIL FROM', () => {
    table([
      ['451', sender('451 4.3.0 Temporary lookup failure'), 'account, SERVER'],
      ['421', sender('421 4.3.2 Service shutting down'), 'account, SERVER'],
      ['Gmail 421 4.7.0', sender('421 4.7.0 Try again later, closing connection.'), 'account, RATE, 60 s'],
      ['Gmail 421 4.3.0', sender('421 4.3.0 Temporary System Problem. Try again later'), 'account, SERVER'],
      ['Gmail 421 4.4.5', sender('421 4.4.5 Server busy, try again later.'), 'account, SERVER'],
      [
        'Gmail 550 5.4.5',
        sender('550 5.4.5 Daily user sending limit exceeded. For more information go to gsmtp'),
        'account, QUOTA, 3600 s',
        /24 hours/,
      ],
      [
        'an hourly limit without a code of its own',
        sender('550 Domain example.com has exceeded the max emails per hour (150/150 (100%)) allowed'),
        'account, QUOTA, 3600 s',
      ],
      [
        '552',
        sender('552 5.3.4 Message size exceeds fixed limit'),
        'message for good, TOO_LARGE',
        /attachMaxMb/,
      ],
      [
        'a mail over the SIZE of the server',
        nodemailerError('EMESSAGE', 'MAIL FROM', 'Message size larger than allowed 10485760'),
        'message for good, TOO_LARGE',
      ],
      ['550 for the sender', sender('550 5.1.0 Sender rejected'), 'message for good, SENDER'],
      [
        '450 for the domain of the sender',
        sender('450 4.1.8 <a@nowhere.example>: unknown domain'),
        'message, SENDER, 300 s',
      ],
      [
        '503 on a new connection',
        sender('503 5.5.1 Bad sequence of commands'),
        'account, PROTOCOL',
        /TLS or a login first/,
      ],
      ['FIN at MAIL on a new connection', closed(), 'account, CONNECTION'],
    ]);
  });

  describe('about rates, at whatever command', () => {
    const RATE: [who: string, response: string, outcome?: string][] = [
      ['Postfix', '450 4.7.1 Error: too much mail from 192.0.2.1'],
      ['Postfix', '450 4.7.1 Error: too many recipients from 192.0.2.1'],
      ['Postfix', '454 4.7.0 Error: too many new TLS sessions from 192.0.2.1'],
      ['Postfix', '421 4.7.0 mx.example.com Error: too many connections from 192.0.2.1'],
      ['Postfix', '451 4.7.1 <unknown[192.0.2.1]>: Client host rejected: Please try again slower'],
      ['Exim', '421 mx.example.com: Too many concurrent SMTP connections; please try again later'],
      ['Exim', '421 Too many concurrent SMTP connections from this IP address; please try again later'],
      ['Exim', '450 Sender rate overlimit - 61.2 / 1h'],
      ['Sendmail', '421 4.3.2 Connection rate limit exceeded.'],
      ['Sendmail', '421 4.3.2 Too many open connections.'],
      ['Exchange', '421 4.4.2 Message submission rate for this client has exceeded the configured limit'],
      [
        'Exchange',
        '421 4.3.2 The maximum number of concurrent server connections has exceeded a limit, closing transmission channel',
      ],
      ['Exchange Online', '451 4.7.500 Server busy. Please try again later from [192.0.2.1]. (AS77)'],
      [
        'Outlook',
        '451 4.7.650 The mail server [192.0.2.1] has been temporarily rate limited due to IP reputation.',
      ],
      [
        'Gmail',
        '421-4.7.28 Our system has detected an unusual rate of unsolicited mail originating\n421 4.7.28 from your IP address.',
      ],
      ['Gmail', '454 4.7.0 Too many login attempts, please try again later.', 'account, RATE, 900 s'],
      ['rspamd', '451 4.7.1 Ratelimit "hostinger_out_ratelimit" exceeded'],
      ['Mailu', '450 4.7.1 SASL login name rejected: You are sending too many emails too fast.'],
      [
        'Zoho',
        '550 5.4.6 Unusual sending activity detected. Please try after sometime.',
        'account, QUOTA, 3600 s',
      ],
      [
        'Plesk',
        '554 5.7.0 Your message could not be sent. The limit on the number of allowed outgoing messages was exceeded. Try again later.',
        'account, QUOTA, 3600 s',
      ],
      [
        'cbpolicyd',
        '554 5.7.1 <a@x.test>: Recipient address rejected: Policy rejection; Message count quota exceeded',
        'account, QUOTA, 3600 s',
      ],
    ];
    for (const [command, at] of [
      ['greeting', greeting],
      ['MAIL', sender],
      ['RCPT', recipient],
      ['the dot', message],
    ] as const) {
      for (const [who, response, outcome = 'account, RATE, 60 s'] of RATE) {
        // A connection that was used before says nothing else of it.
        for (const facts of [FRESH, REUSED]) {
          it(`${who} "${response}" at ${command}: ${outcome}`, () => {
            assert.equal(inWords(classifyFailure(at(response), facts)), outcome);
          });
        }
      }
    }

    table([
      [
        'Postfix 450 4.7.1 at AUTH',
        login('450 4.7.1 Error: too many AUTH commands from 192.0.2.1'),
        'account, AUTH, 900 s',
        /fewer connections/,
      ],
      ['too many connections at AUTH', login('421 4.7.0 Too many connections'), 'account, RATE, 60 s'],
    ]);
  });

  describe('about who sends, at whatever command', () => {
    const HELO = ['account, PROTOCOL, 300 s', /mail\.smtp\.localhost/] as const;
    const SENDER = ['account, SENDER', /`from`/] as const;
    const CLIENT = ['account, SERVER, 300 s', /IP address.*login/] as const;
    const REPLIES: [response: string, outcome: string, hint: RegExp][] = [
      ['504 5.5.2 <box>: Helo command rejected: need fully-qualified hostname', ...HELO],
      ['450 4.7.1 <box>: Helo command rejected: Host not found', ...HELO],
      ['501 5.5.2 <a_b>: Helo command rejected: Invalid name', ...HELO],
      ['554 5.7.1 Service unavailable; Helo command [box.example] blocked using dbl.spamhaus.org', ...HELO],
      ['550 Access denied - Invalid HELO name (See RFC2821 4.1.1.1)', ...HELO],
      ['450 4.1.8 <a@nowhere.example>: Sender address rejected: Domain not found', ...SENDER],
      ['553 5.7.1 <a@example.com>: Sender address rejected: not owned by user b', ...SENDER],
      ['553 5.7.1 <a@example.com>: Sender address rejected: not logged in', ...SENDER],
      ['504 5.5.2 <a@box>: Sender address rejected: need fully-qualified address', ...SENDER],
      ['450 4.1.7 <a@example.com>: Sender address rejected: unverified address: timed out', ...SENDER],
      ['550 Sender verify failed', ...SENDER],
      ['451 4.1.8 Domain of sender address a@nowhere.example does not resolve', ...SENDER],
      ['553 5.5.4 <a>... Domain name required for sender address a', ...SENDER],
      ['550 5.7.1 Service unavailable; client [192.0.2.1] blocked using zen.spamhaus.org', ...CLIENT],
      ['554 5.7.1 Service unavailable; Client host [192.0.2.1] blocked using bl.example', ...CLIENT],
      ['554 5.7.1 <unknown[192.0.2.1]>: Client host rejected: Access denied', ...CLIENT],
      ['450 4.7.25 Client host rejected: cannot find your hostname, [192.0.2.1]', ...CLIENT],
      ['503 5.7.0 Error: access denied for unknown[192.0.2.1]', ...CLIENT],
      ['550 5.7.1 Rejected: 192.0.2.1 listed at zen.spamhaus.org', ...CLIENT],
      ['550-rejected because 192.0.2.1 is in a black list at zen.spamhaus.org', ...CLIENT],
    ];
    for (const [command, at] of [
      ['MAIL', sender],
      ['RCPT', recipient],
      ['DATA', dataCommand],
    ] as const) {
      for (const [response, outcome, hint] of REPLIES) {
        it(`"${response}" at ${command}: ${outcome}`, () => {
          const failure = classifyFailure(at(response), FRESH);
          assert.equal(inWords(failure), outcome);
          assert.match(failure.error.hint ?? '', hint);
        });
      }
    }

    table([
      [
        'the sender by its code alone, at RCPT',
        recipient('553 5.1.8 <a@nowhere.example>... Domain does not exist'),
        ...SENDER,
      ],
      [
        'a listed link in the content',
        message('554 5.7.1 Your message contains a URL listed at dbl.spamhaus.org'),
        'message for good, REFUSED',
      ],
      [
        'the recipient that is rejected',
        recipient('550 5.1.1 <nobody@example.com>: Recipient address rejected: User unknown'),
        'message for good, RECIPIENT',
      ],
      [
        'a user whom Domino does not know',
        recipient('550 nobody@example.com... User not listed in public Name & Address Book'),
        'message for good, RECIPIENT',
      ],
      [
        'a sender whom the recipient does not want',
        recipient('550 5.7.1 Blacklisted by recipient'),
        'message for good, RECIPIENT',
      ],
      [
        'a session that began without a greeting',
        sender('503 5.5.1 Error: send HELO/EHLO first'),
        'account, PROTOCOL',
      ],
    ]);
  });

  describe('at RCPT TO', () => {
    table([
      ['FIN', closed(), 'account, CONNECTION'],
      ['a stall', timeout('SOCKET_TIMEOUT'), 'account, TIMEOUT'],
      [
        '421 for the second of two',
        nodemailerError('ECONNECTION', 'CONN', 'Server closed the connection', {
          response: '421 4.4.2 closing',
        }),
        'account, SERVER',
      ],
      [
        '550 and 451, none accepted',
        allRefused('451 4.7.1 Greylisted', '550 5.1.1 No such user', '451 4.7.1 Greylisted'),
        'message, RECIPIENT, 300 s',
      ],
      [
        '550 for all',
        allRefused('550 5.1.1 No such user', '550 5.1.1 No such user', '550 5.1.1 No such user'),
        'message for good, RECIPIENT',
      ],
      [
        'a quota for one and no such user for the other',
        allRefused('550 5.4.5 Daily', '550 5.1.1 No such user', '550 5.4.5 Daily SMTP relay limit exceeded'),
        'account, QUOTA, 3600 s',
      ],
    ]);
  });

  describe('at DATA', () => {
    table([
      ['451 to DATA', dataCommand('451 4.3.0 try later'), 'message, REFUSED'],
      ['554 to DATA', dataCommand('554 5.5.1 no valid recipients'), 'message for good, REFUSED'],
      ['RST in the body', socket('ECONNRESET', 'read ECONNRESET'), 'account, CONNECTION'],
      ['FIN in the body', closed(), 'account, CONNECTION'],
      ['a server that stops reading', timeout('SOCKET_TIMEOUT'), 'account, TIMEOUT'],
      ['552 in the body, then FIN', message('552 5.3.4 too big'), 'message for good, TOO_LARGE'],
    ]);
  });

  describe('after the final dot', () => {
    table(
      [
        ['552', message('552 5.3.4 too big'), 'message for good, TOO_LARGE'],
        ['554', message('554 5.7.1 Message rejected as spam'), 'message for good, REFUSED'],
        [
          'Gmail 552 5.7.0',
          message(
            '552-5.7.0 This message was blocked because its content\n552 5.7.0 presents a potential security issue.',
          ),
          'message for good, CONTENT',
          /attachment/,
        ],
        [
          'Gmail 550 5.7.26',
          message('550 5.7.26 This mail has been blocked because the sender is unauthenticated.'),
          'message for good, SENDER',
          /SPF or DKIM/,
        ],
        ['451', message('451 4.3.0 try later'), 'message, REFUSED'],
        ['452 4.3.1', message('452 4.3.1 Insufficient system storage'), 'message, REFUSED'],
        ['421', message('421 4.3.2 shutting down'), 'account, SERVER'],
        ['432', message('432 4.3.9 wait'), 'account, SERVER'],
        ['454', message('454 4.3.9 wait'), 'account, SERVER'],
        [
          'Exchange 432, sender threads',
          message('432 4.3.2 STOREDRV.ClientSubmit; sender thread limit exceeded'),
          'account, RATE, 10 s',
        ],
        [
          'SES 454, rate',
          message('454 Throttling failure: Maximum sending rate exceeded.'),
          'account, RATE, 5 s',
        ],
        [
          'SES 454, day',
          message('454 Throttling failure: Daily message quota exceeded.'),
          'account, QUOTA, 3600 s',
        ],
        [
          'Exchange 554 5.2.0, submission quota',
          message(
            '554 5.2.0 STOREDRV.Submission.Exception:SubmissionQuotaExceededException; Failed to process message',
          ),
          'account, QUOTA, 3600 s',
        ],
        [
          'Exchange 550 5.1.90',
          message(
            "550 5.1.90 Your message can't be sent because you've reached your daily limit for message recipients",
          ),
          'account, QUOTA, 3600 s',
        ],
        [
          'Exchange 550 5.2.2, submission quota',
          message('550 5.2.2 Submission quota exceeded'),
          'account, QUOTA, 3600 s',
        ],
        [
          'Exchange 550 5.7.232',
          message('550 5.7.232 Tenant external recipient rate limit'),
          'account, QUOTA, 3600 s',
        ],
        [
          'Exchange 550 5.7.233',
          message('550 5.7.233 Tenant external recipient rate limit'),
          'account, QUOTA, 3600 s',
        ],
        [
          'Exchange 554 5.2.2, own mailbox full',
          message('554 5.2.2 mailbox full; STOREDRV.Submission'),
          'account, QUOTA, 300 s',
          /Sent Items/,
        ],
        [
          '552 5.2.2, a full mailbox',
          message('552 5.2.2 Mailbox full'),
          'message for good, REFUSED',
          /delete mails/,
        ],
        [
          'Exchange 550 5.2.121',
          message('550 5.2.121 Recipient has exceeded their limit'),
          'message, RATE, 3600 s',
        ],
        [
          'Exchange 550 5.2.122',
          message('550 5.2.122 Recipient has exceeded their limit'),
          'message, RATE, 3600 s',
        ],
        [
          'Exchange 550 5.7.60',
          message('550 5.7.60 SMTP; Client does not have permissions to send as this sender'),
          'message for good, SENDER',
          /`from`/,
        ],
        [
          'Exchange 554 5.2.252',
          message('554 5.2.252 SendAsDenied; bot@example.com not allowed to send as ceo@example.com'),
          'message for good, SENDER',
        ],
        ['451 without a line break, then FIN', closed('451 x'), 'message, REFUSED'],
        ['503 on a new connection', message('503 5.5.1 bad sequence'), 'message, PROTOCOL'],
        [
          '503 on a reused connection',
          message('503 5.5.1 bad sequence'),
          'connection, PROTOCOL',
          undefined,
          { ...AFTER_DOT, reused: true },
        ],
      ],
      AFTER_DOT,
    );

    const silences: [string, Error][] = [
      ['FIN', closed()],
      ['RST', socket('ECONNRESET', 'read ECONNRESET')],
      ['a stall or half a reply', timeout('SOCKET_TIMEOUT')],
      ['the deadline', nodemailerError('EABORT', undefined, 'Message sending aborted')],
      [
        'a forced close',
        nodemailerError(
          'ECONNECTION',
          undefined,
          'Reached maximum number of retries after connection was closed',
        ),
      ],
      ['a reply that is none', nodemailerError('EMESSAGE', 'DATA', 'Message failed', { response: 'hello' })],
      ['a reply that asks for more', message('354 go on')],
    ];
    for (const more of [{}, { reused: true }, { aborted: true }, { deadline: 'after-dot' as const }]) {
      for (const [fault, error] of silences) {
        it(`${fault} with ${JSON.stringify(more)}: ambiguous`, () => {
          const failure = classifyFailure(error, { ...AFTER_DOT, ...more });
          assert.equal(inWords(failure), 'ambiguous, AMBIGUOUS');
          assert.match(failure.error.hint ?? '', /Message-ID/);
        });
      }
    }
  });

  describe('on a connection that carried another mail before', () => {
    table(
      [
        ['FIN', closed(), 'connection, CONNECTION'],
        ['RST', socket('ECONNRESET', 'read ECONNRESET'), 'connection, CONNECTION'],
        ['a stall', timeout('SOCKET_TIMEOUT'), 'connection, CONNECTION'],
        [
          'an end that the deadline made',
          nodemailerError('EABORT', undefined, 'Message sending aborted'),
          'connection, CONNECTION',
          undefined,
          { ...REUSED, deadline: 'before-dot' },
        ],
        ['421 4.4.2', sender('421 4.4.2 session too long'), 'connection, CONNECTION'],
        ['503', sender('503 5.5.1 Bad sequence of commands'), 'connection, PROTOCOL'],
        ['451 at MAIL', sender('451 4.3.0 later'), 'account, SERVER'],
        // The next one is on a new connection: a server that really goes away refuses that one too.
        ['421 4.3.2', sender('421 4.3.2 shutting down'), 'connection, CONNECTION'],
        [
          '421 after so many mails',
          sender('421 4.7.0 too many mails in this session'),
          'connection, CONNECTION',
        ],
        ['550 at MAIL', sender('550 5.1.0 no'), 'message for good, SENDER'],
      ],
      REUSED,
    );
  });

  describe('on our own side', () => {
    table([
      ['a closed pool', new Error('Connection pool was closed'), 'aborted, ABORTED'],
      [
        'a send after close',
        nodemailerError('ECONNECTION', undefined, 'Connection pool was closed'),
        'aborted, ABORTED',
      ],
      [
        'an aborted attempt',
        nodemailerError('EABORT', undefined, 'Message sending aborted'),
        'aborted, ABORTED',
        undefined,
        STOPPING,
      ],
      ['a connection that a stop cut', closed(), 'aborted, ABORTED', undefined, STOPPING],
      [
        'a refusal that came as the connector stopped',
        message('554 5.7.1 no'),
        'message for good, REFUSED',
        undefined,
        STOPPING,
      ],
      [
        'an abort that nobody asked for',
        nodemailerError('EABORT', undefined, 'Message sending aborted'),
        'aborted, ABORTED',
      ],
      [
        'settings that nodemailer does not take',
        nodemailerError('ECONFIG', undefined, 'Invalid configuration'),
        'account, CONFIG, 300 s',
      ],
      [
        'no valid recipient',
        nodemailerError('EENVELOPE', 'API', 'No recipients defined'),
        'message for good, CONTENT',
      ],
      [
        'a missing file',
        stream('ENOENT', "ENOENT: no such file or directory, open '/tmp/a'"),
        'message for good, CONTENT',
      ],
      [
        'file access that is off',
        stream('EFILEACCESS', 'File access rejected for /tmp/a'),
        'message for good, CONTENT',
      ],
      [
        'an object as text',
        stream('ERR_INVALID_ARG_TYPE', 'The "chunk" argument must be of type string'),
        'message for good, CONTENT',
      ],
      ['a dead href', stream('EFETCH', 'Invalid status code 404'), 'message, STORAGE'],
      ['a locked file', stream('EBUSY', 'EBUSY: resource busy'), 'message, STORAGE'],
      ['a full disk', stream('ENOSPC', 'ENOSPC: no space left on device'), 'account, STORAGE', /disk space/],
      ['an error that nobody knows', new TypeError('x is not a function'), 'message, INTERNAL'],
      ['a thrown text', 'oops', 'message, INTERNAL'],
      ['a thrown undefined', undefined, 'message, INTERNAL'],
    ]);

    it('an error of the transport itself holds the account and is kept', () => {
      const error = new MailError('INSECURE', 'STARTTLS is not offered', { hint: 'Set allowInsecureAuth.' });
      const failure = classifyFailure(error, FRESH);
      assert.equal(failure.scope, 'account');
      assert.equal(failure.permanent, false);
      assert.equal(failure.error, error);
    });

    it('an error of the outbox that came through the stream of the message keeps its words and the mail', () => {
      const error = new MailError('OUTBOX_WRITE', 'Cannot write /x', { hint: 'Check the disk.' });
      Object.assign(error, { originalCode: error.code, code: 'ESTREAM', command: 'API' });
      const { scope, permanent, error: shown } = classifyFailure(error, FRESH);
      assert.deepEqual(
        { scope, permanent, code: shown.code, message: shown.message, hint: shown.hint },
        {
          scope: 'message',
          permanent: false,
          code: 'OUTBOX_WRITE',
          message: 'Cannot write /x',
          hint: 'Check the disk.',
        },
      );
    });
  });

  describe('what it tells', () => {
    it("says what failed in the server's words, with reply code and command", () => {
      const { error } = classifyFailure(login('535 5.7.8 Bad credentials'), FRESH);
      assert.equal(error.message, 'The server refused the login: 535 5.7.8 Bad credentials');
      assert.equal(error.responseCode, 535);
      assert.equal(error.response, '535 5.7.8 Bad credentials');
      assert.equal(error.command, 'AUTH');
    });

    it('names the host and the port that the system names', () => {
      const { error } = classifyFailure(socket('ECONNREFUSED', 'connect ECONNREFUSED 127.0.0.1:25'), FRESH);
      assert.equal(error.message, 'Nothing answers at this host and port: connect ECONNREFUSED 127.0.0.1:25');
      assert.equal(error.responseCode, undefined);
      assert.equal(error.response, undefined);
      assert.equal(error.command, 'CONN');
    });

    it('leaves the command out when none was sent', () => {
      const { error } = classifyFailure(nodemailerError('EENVELOPE', 'API', 'No recipients defined'), FRESH);
      assert.equal(error.command, undefined);
    });

    it('joins the lines of a reply without repeating the codes', () => {
      const { error } = classifyFailure(
        message('550-5.7.1 Our system has\r\n550-5.7.1 detected\r\n550 5.7.1 that'),
        AFTER_DOT,
      );
      assert.equal(error.response, '550 5.7.1 Our system has detected that');
    });

    it('takes control characters out of the words of the server', () => {
      const { error } = classifyFailure(
        message('554 \u001b[31mred\u0007 \u0000\u202eevil\u2028x'),
        AFTER_DOT,
      );
      assert.equal(error.response, '554 [31mred evil x');
    });

    it('cuts a reply that is too long', () => {
      const { error } = classifyFailure(message(`554 ${'x'.repeat(1_000_000)}`), AFTER_DOT);
      assert.equal(error.response?.length, 500);
      assert.ok(error.message.length < 600);
    });

    it('finds the enhanced code where Cisco and qmail write it', () => {
      for (const response of ['550 #5.2.121 slow', '550 sorry, slow (#5.2.121)']) {
        assert.equal(classifyFailure(message(response), AFTER_DOT).error.code, 'RATE');
      }
    });
  });
});

describe('the rules', () => {
  for (const rule of RULES) {
    const { example, when, then, what } = rule;
    const shown = typeof example === 'string' ? example : `${example.code ?? ''} ${example.message}`;
    it(`${shown}: ${what} (${then.code})`, () => {
      const found = ruleFor(readSigns(errorOf(example)), when);
      assert.equal(found?.what, what);
      assert.equal(found, rule);
    });
  }

  it('say that it is tried again where all one can do is wait, and see whether it stays', () => {
    let waits = 0;
    for (const { example } of RULES) {
      const { permanent, error } = classifyFailure(errorOf(example), FRESH);
      const { hint = '' } = error;
      if (permanent) assert.doesNotMatch(hint, /tried again/, hint);
      if (!/\bIf (?:it stays|this persists)\b/.test(hint)) continue;
      assert.match(hint, /^It is tried again\. /, JSON.stringify(example));
      waits++;
    }
    assert.ok(waits > 10, String(waits));
  });

  it('do not say so of an attempt that is made once, such as a test', () => {
    for (const { example } of RULES) {
      const { hint = '' } = classifyFailure(errorOf(example), { ...FRESH, once: true }).error;
      assert.doesNotMatch(hint, /^It is tried again/, JSON.stringify(example));
    }
  });

  it('have an example each of their own', () => {
    const examples = RULES.map(({ example }) => JSON.stringify(example));
    assert.deepEqual(
      examples.filter((one, index) => examples.indexOf(one) !== index),
      [],
    );
  });
});

describe('several refused recipients', () => {
  const greylisted = '451 4.7.1 Greylisted';
  const unknown = '550 5.1.1 No such user';
  const quota = '550 5.4.5 Daily SMTP relay limit exceeded';
  const outcome = (...responses: string[]) =>
    inWords(classifyFailure(allRefused(responses[0] ?? '', ...responses), FRESH));

  it('count as the most hopeful one, wherever it stands', () => {
    assert.match(outcome(greylisted, unknown), /^message, RECIPIENT/);
    assert.match(outcome(unknown, greylisted), /^message, RECIPIENT/);
    assert.match(outcome(greylisted, quota), /^account, QUOTA/);
    assert.match(outcome(quota, unknown), /^account, QUOTA/);
  });
});

describe('classifyRecipient', () => {
  const rows: Row[] = [
    ['451 greylisting', recipient('451 4.7.1 Greylisted, come back later'), 'message, RECIPIENT, 300 s'],
    ['450', recipient('450 4.2.0 busy'), 'message, RECIPIENT, 300 s'],
    [
      'Gmail 450 4.2.1',
      recipient(
        '450 4.2.1 The user you are trying to contact is receiving mail at a rate that prevents delivery, exceeded hourly',
      ),
      'message, RECIPIENT, 300 s',
    ],
    [
      'Gmail 450 4.2.1, relay',
      recipient('450 4.2.1 Peak SMTP relay limit exceeded for customer.'),
      'message, RECIPIENT, 300 s',
    ],
    [
      '452 4.2.2',
      recipient('452 4.2.2 The email account that you tried to reach is over quota'),
      'message, RECIPIENT, 300 s',
    ],
    ['452 4.3.1', recipient('452 4.3.1 Insufficient system storage'), 'message, RECIPIENT, 300 s'],
    ['452 4.5.3', recipient('452 4.5.3 Too many recipients'), 'message, RECIPIENT', /second one/],
    ['the older 552 too many recipients', recipient('552 Too many recipients'), 'message, RECIPIENT'],
    ['550', recipient('550 5.1.1 No such user'), 'message for good, RECIPIENT'],
    ['552 5.2.2', recipient('552 5.2.2 Mailbox full'), 'message for good, RECIPIENT', /another way/],
    ['554 5.2.2', recipient('554 5.2.2 mailbox full'), 'message for good, RECIPIENT'],
    [
      'a relay that is denied',
      recipient('554 5.7.1 <b@x.example>: Relay access denied'),
      'message for good, RECIPIENT',
      /login/,
    ],
    ['Exchange 5.2.121', recipient('550 5.2.121 per-hour limit of the recipient'), 'message, RATE, 3600 s'],
    ['421', recipient('421 4.3.2 shutting down'), 'account, SERVER'],
    ['550 5.4.5', recipient('550 5.4.5 Daily user sending limit exceeded'), 'account, QUOTA, 3600 s'],
    ['530', recipient('530 5.7.0 Authentication required'), 'account, AUTH, 300 s'],
  ];
  for (const [fault, error, outcome, hint] of rows) {
    it(`${fault}: ${outcome}`, () => {
      const failure = classifyRecipient(error);
      assert.equal(inWords(failure), outcome);
      if (hint) assert.match(failure.error.hint ?? '', hint);
    });
  }

  it('takes any 5.7.z of each recipient on a submission port for a missing login', () => {
    const classes = (anonymous: boolean, submission: boolean, ...responses: string[]) =>
      classifyRefusals(
        responses.map((response) => recipient(response)),
        { anonymous, submission },
      ).map(inWords);
    const policy = '550 5.7.1 Rejected by policy';
    const held = 'account, AUTH, 300 s';
    const refused = 'message for good, RECIPIENT';
    assert.deepEqual(classes(true, true, policy, policy), [held, held]);
    assert.deepEqual(classes(true, true, policy, '550 5.1.1 No such user'), [refused, refused]);
    assert.deepEqual(classes(false, true, policy), [refused]);
    assert.deepEqual(classes(true, false, policy), [refused]);
    assert.deepEqual([25, 465, 587, 2525].map(isSubmissionPort), [false, true, true, true]);
  });

  it('says to log in', () => {
    const denied = recipient('554 5.7.1 <a@x.test>: Recipient address rejected: Access denied');
    const [failure] = classifyRefusals([denied], { anonymous: true });
    assert.match(failure?.error.hint ?? '', /Log in: set mail\.smtp\.auth=true/);
  });

  it('names the recipient', () => {
    const { error } = classifyRecipient(recipient('550 5.1.1 No such user'));
    assert.equal(error.message, 'The server refused the recipient (bob@example.com): 550 5.1.1 No such user');
    assert.equal(error.command, 'RCPT TO');
  });
});
