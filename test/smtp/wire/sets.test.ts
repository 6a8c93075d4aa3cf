/**
 * The real property sets, sent: with the names and ports that they have, through a proxy that leads to a server of the
 * kind that JavaMail met. What JavaMail does is said beside what happens here.
 */
import assert from 'node:assert/strict';
import type { TlsMaterial } from '../../../nodes/properties/settings';
import { selfSignedCertificate, testAuthority, wrongNameCertificate } from '../../servers/certificates';
import { closedAfterEach } from '../../servers/closing';
import { at, reply, stall } from '../../servers/fault-script';
import { startFaultServer } from '../../servers/fault-server';
import { startInbox, type InboxOptions, type ReceivedMail } from '../../servers/inbox';
import { startHttpProxy } from '../../servers/proxies';
import { REAL_SETS } from '../../properties/real-sets';
import { errorsOf } from '../../builders';
import { ACCOUNT, deliver, fail, hungUp, LOGIN, shows } from './wire';

/** What a provider has: a login, and only inside TLS. */
const SUBMISSION: InboxOptions = { ...ACCOUNT, security: 'starttls' };
const SUBMISSIONS: InboxOptions = { ...ACCOUNT, security: 'implicit' };
const RELAY: InboxOptions = {};

/** The certificate is for localhost: the TLS configuration says so, and the check stays. */
const GOOD: TlsMaterial = { ca: testAuthority, servername: 'localhost' };
/** For mail.example.com there is a certificate, and nothing to say. */
const EXAMPLE = { certificate: wrongNameCertificate };

interface Sent {
  login?: typeof LOGIN;
  server: InboxOptions;
  tlsNode?: TlsMaterial;
  /** Host and port that the proxy is asked for. */
  asks: string;
  sees?: (mail: ReceivedMail) => unknown;
  expected?: unknown;
}

const tlsVersion = ({ session }: ReceivedMail) => session.tlsVersion;
const authMethod = ({ session }: ReceivedMail) => session.authMethod;
const envelopeFrom = ({ envelope }: ReceivedMail) => envelope.from;

/** JavaMail sends, and so do we. */
const SENT: Record<string, Sent> = {
  S01: { login: LOGIN, server: SUBMISSION, tlsNode: GOOD, asks: 'smtp.gmail.com:587' },
  S02: {
    login: LOGIN,
    server: { ...SUBMISSIONS, ...EXAMPLE },
    tlsNode: { ca: testAuthority },
    asks: 'mail.example.com:465',
    sees: tlsVersion,
    expected: 'TLSv1.3',
  },
  S04: {
    login: LOGIN,
    server: SUBMISSION,
    tlsNode: GOOD,
    asks: 'email-smtp.eu-west-1.amazonaws.com:587',
    sees: (mail) => [tlsVersion(mail), envelopeFrom(mail)],
    expected: ['TLSv1.2', 'bounce@example.org'],
  },
  S06: { login: LOGIN, server: SUBMISSIONS, tlsNode: GOOD, asks: 'smtp.sendgrid.net:465' },
  // JavaMail does not log in without auth=true; here a password and no TLS would be an error.
  S09: { server: RELAY, asks: 'iplanet.some-domain.com:25' },
  S11: {
    server: RELAY,
    asks: 'localhost:1025',
    sees: envelopeFrom,
    expected: 'bounce@example.org',
  },
  S13: {
    login: LOGIN,
    server: { ...SUBMISSION, certificate: selfSignedCertificate },
    asks: 'mail.example.com:587',
    sees: envelopeFrom,
    expected: 'bounce@example.org',
  },
  S16: { login: LOGIN, server: SUBMISSION, tlsNode: GOOD, asks: 'smtp.qq.com:25' },
  S17: { login: LOGIN, server: SUBMISSIONS, tlsNode: GOOD, asks: 'smtp.163.com:465' },
  // JavaMail sends through getTransport() only; Transport.send() goes to localhost:25.
  S19: { login: LOGIN, server: SUBMISSIONS, tlsNode: GOOD, asks: 'smtp.gmail.com:465' },
  S22: {
    login: LOGIN,
    server: { ...SUBMISSION, authMethods: ['PLAIN', 'LOGIN', 'XOAUTH2'] },
    tlsNode: GOOD,
    asks: 'smtp.office365.com:587',
    sees: authMethod,
    expected: 'XOAUTH2',
  },
  // JavaMail 1.x sends, Angus Mail checks the name.
  S25: {
    server: { security: 'starttls', ...EXAMPLE },
    asks: 'smtp-relay.gmail.com:587',
    sees: ({ session }) => [session.ehloName, session.tlsVersion],
    expected: ['wass.example', 'TLSv1.2'],
  },
  S26: {
    server: RELAY,
    asks: 'relay.corp.example:25',
    sees: ({ parameters }) => [parameters.from.RET, parameters.to[0]?.NOTIFY],
    expected: ['HDRS', 'NEVER'],
  },
};

/** JavaMail gets a refusal of the server, and so do we when there is no password to protect. */
const ANSWERED: Record<string, string> = {
  S08: 'smtp.mailgun.org:587',
  S21: 'smtp.gmail.com:25',
};

/** The settings are an error. Beside it what JavaMail does. */
const REFUSED: Record<string, [error: string, javaMail: string]> = {
  S03: ['WRONG_PREFIX', 'connects to localhost:465'],
  S07: ['WRONG_PREFIX', 'does not log in, 530'],
  S10: ['PROTOCOL_INVALID HOST_INVALID', 'takes the quotes for a part of the host'],
  S12: ['BOOLEAN_INVALID', 'leaves TLS and the login out, 530'],
  S14: ['PORT_INVALID', 'takes port 25 and no STARTTLS'],
  S15: ['FOREIGN_STYLE', 'connects to localhost:25'],
  S18: ['HOST_MISSING', 'connects to localhost:465'],
  S20: ['TLS_CONFLICT', 'believes any authority and checks the name'],
  S23: ['HOST_INVALID', 'takes the line for the host'],
  S24: ['TRUST_INVALID', 'believes no certificate'],
  S27: ['FOREIGN_STYLE', 'connects to localhost:25'],
  S28: ['INSECURE_AUTH', 'leaves the login out, 530'],
};

/** The lines of a set without the passwords in it, which are an error of their own. */
function linesOf(name: string): string[] {
  const set = REAL_SETS.find((one) => one.name === name);
  assert.ok(set, name);
  return set.lines.filter((line) => !/^mail\.(?:smtps?\.)?pass/.test(line));
}

const requested = (requests: readonly { host: string; port: number }[]) =>
  requests.map(({ host, port }) => `${host}:${port}`);

describe('on the wire, a real property set', () => {
  const closing = closedAfterEach();

  /** The lines of a set, for a connection through a proxy to a server. */
  async function through(name: string, target: { host: string; port: number }) {
    const proxy = await closing(startHttpProxy({ target }));
    const lines = linesOf(name);
    const prefix = lines.some((line) => /^mail\.transport\.protocol.*=smtps$/.test(line)) ? 'smtps' : 'smtp';
    return { proxy, lines: [...lines, `mail.${prefix}.proxy.host=127.0.0.1:${proxy.port}`] };
  }

  for (const [name, { login, server, tlsNode = null, asks, sees, expected }] of Object.entries(SENT)) {
    shows('host port', `${name} is sent to ${asks}`, async () => {
      const inbox = await closing(startInbox(server));
      const { proxy, lines } = await through(name, inbox);
      await deliver(lines, { ...login, tlsNode });
      const mail = await inbox.nextMail();
      assert.deepEqual(requested(proxy.requests.items), [asks]);
      assert.equal(mail.session.user, login === undefined ? null : ACCOUNT.user);
      assert.equal(mail.session.tls, server.security !== undefined);
      assert.deepEqual(sees?.(mail), expected);
    });
  }

  for (const [name, asks] of Object.entries(ANSWERED)) {
    shows('host port', `${name} without a login gets the 530 that JavaMail gets`, async () => {
      const inbox = await closing(startInbox(SUBMISSION));
      const { proxy, lines } = await through(name, inbox);
      assert.equal((await fail(lines)).responseCode, 530);
      assert.deepEqual(requested(proxy.requests.items), [asks]);
    });
  }

  for (const name of ['S05', 'S08', 'S09', 'S21', 'S26']) {
    shows('auth', `${name} with a login is an error: there is no TLS`, async () => {
      assert.deepEqual(errorsOf(linesOf(name).join('\n'), LOGIN), ['INSECURE_AUTH']);
    });
  }

  shows('timeout', 'S05, clear text on a port for TLS, ends where JavaMail waits for ever', async () => {
    const server = await closing(startFaultServer({ script: at('greeting', stall()) }));
    const { proxy, lines } = await through('S05', server);
    const error = await fail([...lines, 'mail.smtp.timeout=500']);
    assert.equal(error.code, 'TIMEOUT');
    assert.match(error.hint ?? '', /ssl\.enable=true/);
    assert.deepEqual(requested(proxy.requests.items), ['email-smtp.us-east-1.amazonaws.com:465']);
  });

  shows('auth', 'S28, where the user allows a password in clear text, gets the 530 of JavaMail', async () => {
    // Office 365 hides the login outside TLS.
    const script = at('mail', reply('530 5.7.57 Client was not authenticated to send anonymous mail'));
    const server = await closing(startFaultServer({ script }));
    const { lines } = await through('S28', server);
    assert.equal((await fail(lines, { ...LOGIN, allowInsecureAuth: true })).responseCode, 530);
    assert.ok(!server.commands.items.some(({ phase }) => phase === 'auth'));
  });

  shows('ssl.trust', 'S29 does not believe a certificate that nobody signed, as JavaMail', async () => {
    const server = await closing(
      startFaultServer({ security: 'starttls', tls: selfSignedCertificate, auth: ['PLAIN'], login: ACCOUNT }),
    );
    const { lines } = await through('S29', server);
    const error = await fail(lines, LOGIN);
    await hungUp(server);
    assert.equal(error.code, 'CERTIFICATE');
    assert.deepEqual(
      server.commands.items.map(({ line }) => line.split(' ')[0]),
      ['EHLO', 'STARTTLS'],
    );
  });

  for (const [name, [error, javaMail]] of Object.entries(REFUSED)) {
    shows('host', `${name} is an error, where JavaMail ${javaMail}`, async () => {
      assert.equal([...new Set(errorsOf(linesOf(name).join('\n'), LOGIN))].join(' '), error);
    });
  }

  it('is there for every set', () => {
    const tested = [...Object.keys({ ...SENT, ...ANSWERED, ...REFUSED }), 'S05', 'S29'].sort();
    assert.deepEqual(tested, REAL_SETS.map(({ name }) => name).sort());
  });
});
