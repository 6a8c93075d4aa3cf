/** What the tests of several rooms build: mails, settings, transports, and an outbox's surroundings. */
import assert from 'node:assert/strict';
import { Readable } from 'node:stream';
import type { Outcome, OutcomeReceiver } from '../nodes/outbox/completion';
import type { OutboxEvents, Policy } from '../nodes/outbox/outbox';
import { createMask } from '../nodes/properties/mask';
import { readSettings, type SettingsInput, type SmtpSettings } from '../nodes/properties/settings';
import { createTransport, type Transport, type TransportOptions } from '../nodes/smtp/transport';
import {
  MailError,
  type Attempt,
  type EmailResult,
  type Failure,
  type MailErrorDetails,
  type OutgoingMail,
} from '../nodes/types';

export const HOUR = 3_600_000;

/** No limits that a test would notice. */
export const POLICY: Policy = {
  connections: 1,
  limit: 20_000,
  retryFor: 24 * HOUR,
  rate: { limit: 0, period: 'minute' },
};

let serial = 0;

export interface MailParts extends Partial<Omit<OutgoingMail, 'open' | 'envelope' | 'size'>> {
  /** Filled up to this many bytes at least. */
  fill?: number;
  /** The composed message; one with Message-ID, subject and a line of text without. */
  source?: string | Buffer;
}

/** A mail to be sent; later ones have greater ids, which are their subjects too. */
export function newMail(to: string[] = ['a@x.test'], parts: MailParts = {}): OutgoingMail {
  serial += 1;
  const { fill = 1, source, ...more } = parts;
  const id = more.id ?? String(serial).padStart(8, '0');
  const head = `Message-ID: <${id}@x.test>\r\nSubject: ${id}\r\n\r\n`;
  const bytes = Buffer.from(source ?? head + 'text of the mail\r\n'.repeat(Math.ceil(fill / 18)));
  return {
    id,
    nodeId: 'n',
    messageId: `<${id}@x.test>`,
    subject: id,
    envelope: { from: 'me@x.test', to },
    priority: 'normal',
    queuedAt: Date.now(),
    count: 1,
    attachments: [],
    skippedAttachments: [],
    messages: [{ payload: id }],
    size: bytes.length,
    open: () => Readable.from(chunksOf(bytes), { objectMode: false }),
    ...more,
  };
}

/** As the outbox reads a mail: whoever takes the last piece of a large one has not yet sent all of it. */
function* chunksOf(bytes: Buffer): Generator<Buffer> {
  for (let at = 0; at < bytes.length; at += 65_536) yield bytes.subarray(at, at + 65_536);
}

/** What `msg.email` says of a mail, sent to a@x.test unless told otherwise. */
export function resultFor(mail: OutgoingMail, more: Partial<EmailResult> = {}): EmailResult {
  const { id, messageId, subject, envelope, queuedAt, count, messages } = mail;
  return {
    status: 'sent',
    id,
    messageId,
    subject,
    envelope,
    accepted: envelope.to,
    rejected: [],
    response: '250 ok',
    attempts: 1,
    queuedAt,
    finishedAt: queuedAt + 1,
    count,
    messages,
    attachments: [],
    skippedAttachments: [],
    duplicatePossible: false,
    recovered: false,
    ...more,
  };
}

export interface FailureParts extends Partial<Omit<Failure, 'error'>>, MailErrorDetails {
  code?: string;
  message?: string;
}

/** A failure that may pass, with code TEST, unless told otherwise. */
export function failureOf(scope: Failure['scope'], parts: FailureParts = {}): Failure {
  const { permanent = false, minWait = 0, firstWaits, code = 'TEST', message, ...details } = parts;
  const error = new MailError(code, message ?? `${scope} failed`, {
    response: '400 no',
    responseCode: 400,
    ...details,
  });
  return { scope, permanent, minWait, ...(firstWaits && { firstWaits }), error };
}

export const accept = (recipients: string[]): Attempt => ({
  accepted: recipients,
  refused: [],
  response: '250 ok',
});

export const fail = (failure: Failure): Attempt => ({ accepted: [], refused: [], response: null, failure });

/** Refuses some recipients of a mail, each for its own reason, and accepts the others. */
export const answer = (accepted: string[], refused: Record<string, Failure>): Attempt => ({
  accepted,
  refused: Object.entries(refused).map(([address, failure]) => ({ address, failure })),
  response: '250 ok',
});

/** Takes every outcome at once. */
export function receiverFor(take: (result: EmailResult) => void): OutcomeReceiver {
  return {
    messagesOf: () => undefined,
    async report({ result, commit }: Outcome) {
      await commit();
      take(result);
      return 'told';
    },
  };
}

/** Events of an outbox that no test looks at, and errors that fail it. */
export function eventsWith(events: Partial<OutboxEvents> = {}): OutboxEvents {
  return {
    failed: () => undefined,
    deferred: () => undefined,
    changed: () => undefined,
    onError: (error) => assert.fail(String(error)),
    ...events,
  };
}

export interface Watch {
  /** Something happened. */
  changed: () => void;
  /** Resolves when the condition holds: looks now, and after each change when what set it going is over. */
  until: (holds: () => boolean) => Promise<void>;
}

/** A wait for what no event says by itself; it ends with the time of the test. */
export function createWatch(): Watch {
  const checks = new Set<() => void>();
  return {
    changed() {
      queueMicrotask(() => [...checks].forEach((check) => check()));
    },
    until: (holds) =>
      new Promise((resolve) => {
        const check = () => {
          if (!holds()) return;
          checks.delete(check);
          resolve();
        };
        checks.add(check);
        check();
      }),
  };
}

/** Reads settings with a login, unless the test says otherwise. */
export function settingsOf(properties: string, input: Partial<SettingsInput> = {}) {
  return readSettings({
    properties,
    username: 'alerts@example.com',
    password: 'correct horse',
    env: () => undefined,
    allowInsecureAuth: false,
    tlsNode: null,
    ...input,
  });
}

/** No username and no password. */
export const NO_LOGIN = { username: '', password: '' };

/** The settings, which must be without errors. */
export function goodSettings(properties: string, input: Partial<SettingsInput> = {}): SmtpSettings {
  const { settings, errors } = settingsOf(properties, input);
  if (settings === null) throw new Error(errors.map(({ message }) => message).join('\n'));
  return settings;
}

/** The codes of the errors, in the order of the text. */
export function errorsOf(properties: string, input: Partial<SettingsInput> = {}): string[] {
  return settingsOf(properties, input).errors.map(({ code }) => code);
}

/** The codes of the warnings, in the order of the text. */
export function warningsOf(properties: string, input: Partial<SettingsInput> = {}): string[] {
  return settingsOf(properties, input).warnings.map(({ code }) => code);
}

export interface Login {
  user: string;
  password: string;
}

/** The properties that lead to a server; `more` lines win. */
export function propertiesFor(server: { host?: string; port: number }, more: readonly string[] = []): string {
  return [`mail.smtp.host=${server.host ?? '127.0.0.1'}`, `mail.smtp.port=${server.port}`, ...more].join(
    '\n',
  );
}

/** A transport to a server, with one connection and without a login unless told otherwise. */
export function transportTo(
  server: { host?: string; port: number },
  options: Partial<TransportOptions> & { properties?: readonly string[]; login?: Login } = {},
): Transport {
  const { properties = [], login = { user: '', password: '' }, ...more } = options;
  return createTransport({
    settings: goodSettings(propertiesFor(server, properties), {
      username: login.user,
      password: login.password,
    }),
    connections: 1,
    mask: createMask(login.user, login.password),
    debug: () => undefined,
    ...more,
  });
}
