/** Turns the events of a session (socket, commands, replies) into the steps that a user reads. */
import type { TLSSocket } from 'node:tls';
import { t } from '../language/text';
import type { SmtpSettings } from '../properties/settings';
import type { SessionObserver } from '../smtp/observer';
import type { Progress } from '../smtp/sockets';
import { certificateError, describeTls } from './certificate';
import type { Begin, OpenStep, StepName } from './steps';

export interface StepTracker extends SessionObserver, Required<Progress> {
  /** Starts a step without a command. */
  begin(step: StepName): void;
  /** The server offers no login. */
  noLogin(): void;
  /** Marks the current step as failed. */
  failed(error: unknown): void;
}

/** The step that a command starts; `logsIn` starts that of the login. */
const STARTED_BY: Record<string, StepName> = {
  EHLO: 'ehlo',
  STARTTLS: 'starttls',
  MAIL: 'mail-from',
  RCPT: 'rcpt',
  DATA: 'data',
};

/** Replies that complete a step, and those that continue it; any other reply refuses it. */
const REPLIES: Partial<Record<StepName, { done?: RegExp; continued?: RegExp }>> = {
  greeting: { done: /^220/ },
  ehlo: { done: /^2/ },
  starttls: { continued: /^2/ },
  // A refused token is answered with 334 and details before the error.
  auth: { done: /^235/, continued: /^334/ },
  'mail-from': { done: /^2/ },
  rcpt: { done: /^2/ },
  data: { done: /^[23]/ },
  sent: { done: /^2/ },
};

/** Starts with the name lookup. */
export function createStepTracker(settings: SmtpSettings, beginStep: Begin): StepTracker {
  const { host, port, proxy, security } = settings;
  /** Steps in progress, in the order of the replies to come: with PIPELINING (RFC 2920) there are several. */
  const open: { name: StepName; step: OpenStep }[] = [];
  /** The reply that refused the current step. */
  let refusal: string | null = null;
  let heloOnly = false;

  const begin = (name: StepName) => void open.push({ name, step: beginStep(name) });
  const done = (detail: string) => open.shift()?.step.done(detail);
  const beginSession = () => begin(security === 'implicit' ? 'tls' : 'greeting');

  const startBy = (command: string) => {
    const step = STARTED_BY[verbOf(command)];
    if (step) begin(step);
  };

  begin('dns');
  return {
    begin,
    resolved(addresses) {
      const found = addresses.join(', ');
      const first = proxy ?? settings;
      done(proxy ? t`${first.host} (the proxy) is ${found}` : t`${first.host} is ${found}`);
      begin('tcp');
    },
    connected({ remoteAddress, remotePort }) {
      done(t`connected to ${remoteAddress ?? ''} port ${remotePort ?? ''}`);
      if (proxy) begin('proxy');
      else beginSession();
    },
    proxied() {
      done(t`the proxy connected to ${host} port ${port}`);
      beginSession();
    },
    secured(socket: TLSSocket) {
      const detail = describeTls(socket, settings);
      const error = certificateError(socket, settings);
      if (error) throw Object.assign(error, { detail });
      done(detail);
      if (security === 'implicit') begin('greeting');
    },
    sends(command) {
      startBy(command);
      // A server without EHLO is greeted again with HELO, in the same step.
      if (verbOf(command) === 'HELO') {
        heloOnly = true;
        refusal = null;
      }
    },
    receives(reply) {
      const step = open[0]?.name;
      const replies = step && REPLIES[step];
      // Replies after a refusal belong to commands that were sent before it arrived.
      if (!replies || refusal !== null || replies.continued?.test(reply)) return;
      if (!replies.done?.test(reply)) {
        refusal = reply;
        return;
      }
      done(step === 'ehlo' ? capabilitiesOf(heloOnly ? '' : reply) : reply);
      if (step === 'data') begin('sent');
    },
    logsIn: () => begin('auth'),
    noLogin() {
      begin('auth');
      // As in JavaMail. The server may still refuse the sender or the recipient because of it.
      done(t`skipped: the server offers no login, so mails are sent without one`);
    },
    failed(error) {
      // Some commands fail before they are sent, such as MAIL FROM for a mail above the server's SIZE.
      const { command } = error as { command?: string };
      if (open.length === 0) startBy(command ?? '');
      open.shift()?.step.failed(refusal === null ? error : new Error(refusal));
    },
  };
}

function verbOf(command: string): string {
  return /^[A-Z]+/.exec(command)?.[0] ?? '';
}

/** What the reply to EHLO offers (RFC 5321 section 4.1.1.1). */
function capabilitiesOf(reply: string): string {
  const lines = reply.split('\n').map((line) => line.replace(/^\d{3}[ -]?/, '').trim());
  return lines.slice(1).filter(Boolean).join(', ') || t`no capabilities`;
}
