/**
 * The way of a properties text to the wire: settings, transport, one mail; and the book of the properties whose tests
 * have looked there.
 */
import assert from 'node:assert/strict';
import { setImmediate } from 'node:timers/promises';
import { createMask } from '../../../nodes/properties/mask';
import type { SettingsInput, SmtpSettings } from '../../../nodes/properties/settings';
import { createTransport } from '../../../nodes/smtp/transport';
import type { Attempt, OutgoingMail } from '../../../nodes/types';
import { goodSettings, newMail, NO_LOGIN } from '../../builders';

/** The account of the test servers, as the credentials of a connector. */
export const LOGIN = { username: 'ops@x.test', password: 'correct horse' };

/** The same account, as the servers want it. */
export const ACCOUNT = { user: LOGIN.username, password: LOGIN.password };

/** What the body of every mail says, and nothing else. */
const BODY_TEXT = 'the reactor is too hot';
const BODY = `From: me@x.test\r\nSubject: test\r\nMessage-ID: <1@x.test>\r\n\r\n${BODY_TEXT}\r\n`;

const covered = new Set<string>();

/** A test that looks at what these rows of the property table do on the wire. */
export function shows(rows: string, title: string, test: (this: Mocha.Context) => Promise<void>): void {
  for (const row of rows.split(' ')) covered.add(row);
  it(title, test);
}

/** The rows that some test has spoken for. */
export function coveredRows(): ReadonlySet<string> {
  return covered;
}

export interface Sending {
  attempt: Attempt;
  /** The lines of `mail.debug`. */
  transcript: string[];
  settings: SmtpSettings;
}

export interface SendOptions extends Partial<SettingsInput> {
  to?: string[];
  /** Instead of the usual mail. */
  mail?: Pick<OutgoingMail, 'envelope' | 'open' | 'size'>;
}

/**
 * Sends one mail as the lines of properties say, without a login unless `options` give one. Whatever came of it: no
 * password is in the outcome or in the transcript, and the body is not in the transcript.
 */
export async function send(lines: readonly string[], options: SendOptions = {}): Promise<Sending> {
  const { to = ['a@x.test'], mail, ...input } = options;
  const credentials = { ...NO_LOGIN, ...input };
  const settings = goodSettings(lines.join('\n'), credentials);
  const transcript: string[] = [];
  const transport = createTransport({
    settings,
    connections: 1,
    mask: createMask(credentials.username, credentials.password),
    debug: (line) => transcript.push(line),
  });
  const outgoing = { ...mailTo(to), ...mail };
  const attempt = await transport.deliver(outgoing, outgoing.envelope.to, {
    signal: new AbortController().signal,
    aboutToSendDot: () => Promise.resolve(),
  });
  transport.close();
  keepsSecrets(attempt, transcript, settings);
  return { attempt, transcript, settings };
}

/** As `send`, for a mail that the server must accept. */
export async function deliver(lines: readonly string[], options: SendOptions = {}): Promise<Sending> {
  const sending = await send(lines, options);
  assert.equal(sending.attempt.failure?.error.message, undefined);
  assert.ok(sending.attempt.accepted.length > 0);
  return sending;
}

/** As `send`, for a mail that must not leave; gives the error. */
export async function fail(lines: readonly string[], options: SendOptions = {}) {
  const { attempt } = await send(lines, options);
  const failure = attempt.failure ?? attempt.refused[0]?.failure;
  assert.ok(failure, 'the mail was sent');
  return failure.error;
}

/**
 * Waits until the server has noticed that its clients are gone: Node.js 20 crashes when a socket is destroyed under a
 * TLS handshake, as closing the server would do.
 */
export async function hungUp({ connections }: { connections: { open: number } }): Promise<void> {
  while (connections.open > 0) await setImmediate();
}

const mailTo = (to: string[]) => newMail(to, { id: '1', source: BODY });

/** Knows the forms of a password by itself, so that it finds what the mask of the code forgets. */
function keepsSecrets(attempt: Attempt, transcript: string[], { auth, proxy }: SmtpSettings): void {
  const error = attempt.failure?.error;
  const said = [JSON.stringify(attempt), error?.message, error?.stack, error?.response, ...transcript].join(
    '\n',
  );
  for (const login of [auth, proxy?.auth]) {
    if (!login) continue;
    const { user, pass } = login;
    const base64 = [
      pass,
      `\0${user}\0${pass}`,
      `${user}:${pass}`,
      `user=${user}\x01auth=Bearer ${pass}\x01\x01`,
    ].map((text) => Buffer.from(text).toString('base64'));
    for (const form of [pass, encodeURIComponent(pass), ...base64]) {
      assert.ok(!said.includes(form), `a password was told: ${form}`);
    }
  }
  assert.ok(!transcript.join('\n').includes(BODY_TEXT), 'the body is in the transcript');
}
