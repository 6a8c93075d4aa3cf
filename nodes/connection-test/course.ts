/** The course of a session, step by step: from what its socket, its commands and its replies are to what a user reads. */
import type { TLSSocket } from 'node:tls';
import { t } from '../language/text';
import type { SmtpSettings } from '../properties/settings';
import type { SessionWatch } from '../smtp/lookout';
import type { Progress } from '../smtp/sockets';
import { certificateError, describeTls } from './certificate';
import type { Begin, OpenStep, StepName } from './steps';

export interface Course extends SessionWatch, Required<Progress> {
  /** Begins a step that no command begins. */
  begin(step: StepName): void;
  /** The server offers no login. */
  noLogin(): void;
  /** The session failed: so did the step that was under way. */
  failed(error: unknown): void;
}

/** The step that a command begins; a login is begun by the session. */
const BEGUN_BY: Record<string, StepName> = {
  EHLO: 'ehlo',
  STARTTLS: 'starttls',
  MAIL: 'mail-from',
  RCPT: 'rcpt',
  DATA: 'data',
};

/** The replies with which a step is done, those with which it goes on, and all others refuse it. */
const REPLIES: Partial<Record<StepName, { done?: RegExp; goesOn?: RegExp }>> = {
  greeting: { done: /^220/ },
  ehlo: { done: /^2/ },
  starttls: { goesOn: /^2/ },
  // A token that is refused is answered with 334 and details first.
  auth: { done: /^235/, goesOn: /^334/ },
  'mail-from': { done: /^2/ },
  rcpt: { done: /^2/ },
  data: { done: /^[23]/ },
  sent: { done: /^2/ },
};

/** Begins with the look-up of the host. `settings` are those of the session. */
export function createCourse(settings: SmtpSettings, beginStep: Begin): Course {
  const { host, port, proxy, security } = settings;
  /** What is under way: several steps when commands are sent in one go (RFC 2920), the first of them to be answered next. */
  const open: { name: StepName; step: OpenStep }[] = [];
  /** The reply that refused the step under way. */
  let refusal: string | null = null;
  let heloOnly = false;

  const begin = (name: StepName) => void open.push({ name, step: beginStep(name) });
  const done = (detail: string) => open.shift()?.step.done(detail);
  const beginSession = () => begin(security === 'implicit' ? 'tls' : 'greeting');

  const startBy = (command: string) => {
    const step = BEGUN_BY[verbOf(command)];
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
      // A server that knows no EHLO is greeted once more, in the same step.
      if (verbOf(command) === 'HELO') {
        heloOnly = true;
        refusal = null;
      }
    },
    receives(reply) {
      const step = open[0]?.name;
      const replies = step && REPLIES[step];
      // What follows a refusal was sent before it was known.
      if (!replies || refusal !== null || replies.goesOn?.test(reply)) return;
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
      // As JavaMail does. The server may still refuse the sender or the recipient for it.
      done(t`skipped: the server offers no login, so mails are sent without one`);
    },
    failed(error) {
      // Some commands fail before they leave: a mail that is larger than the server takes.
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
