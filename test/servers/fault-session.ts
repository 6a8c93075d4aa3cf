/** One connection of the fault server: a plain SMTP conversation that asks the script at each phase. */
import type { Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { TLSSocket, type TLSSocketOptions } from 'node:tls';
import { createByteReader } from './byte-reader';
import type { Fault, Moment, Phase } from './fault-script';

export interface SessionOptions {
  connection: number;
  /** Whether TLS is offered with STARTTLS, or comes first. */
  security: 'none' | 'starttls' | 'implicit';
  tls: TLSSocketOptions;
  /** Besides STARTTLS and AUTH. */
  capabilities: string[];
  /** Mechanisms; empty offers no login. */
  auth: string[];
  login: { user: string; password: string } | null;
  /** Judges the token of a login: null is a yes, anything else the error challenge. */
  token: ((user: string, token: string) => object | null) | null;
  /** Most octets of a command line with its end; longer ones are refused. */
  longestCommand: number;
  ask: (moment: Omit<Moment, 'count'>) => Fault | undefined;
  onLine: (line: { phase: Phase; line: string; transaction: number; secure: boolean }) => void;
  onBody: (body: SessionBody) => void;
  /** Called before the reply to the dot leaves; null when there will be none. */
  onVerdict: (body: SessionBody, reply: string | null) => void;
}

export interface SessionBody {
  transaction: number;
  from: string;
  recipients: string[];
  content: Buffer;
}

/** Where the conversation ends although both sides are still there. */
const OVER = new Error('the conversation is over');

/**
 * Breaks a connection with RST at once. `resetAndDestroy()` sends a FIN first, and then it is a matter of luck
 * which of the two the client sees.
 */
export function reset(socket: Socket): void {
  (socket as Socket & { resetAndClosing: boolean }).resetAndClosing = true;
  socket.destroy();
}

function phaseOf(line: string): Phase {
  const verb = /^[A-Za-z]+/.exec(line)?.[0].toLowerCase() ?? '';
  const known: Phase[] = ['ehlo', 'helo', 'starttls', 'auth', 'mail', 'rcpt', 'data', 'rset', 'noop', 'quit'];
  return known.find((phase) => phase === verb) ?? 'other';
}

function addressOf(line: string): string {
  return /<([^>]*)>/.exec(line)?.[1] ?? '';
}

/** Serves one connection until it is over; never rejects. */
export async function serve(raw: Socket, options: SessionOptions): Promise<void> {
  let socket: Socket | TLSSocket = raw;
  let secure = false;
  let transaction = 0;
  let from = '';
  let recipients: string[] = [];
  const reader = createByteReader(raw);
  const gone = new Promise<void>((resolve) => raw.once('close', () => resolve()));
  raw.on('error', () => undefined);

  function ask(phase: Phase, line = '', address = ''): Fault | undefined {
    return options.ask({ phase, line, address, connection: options.connection, transaction, secure });
  }

  async function end(how: 'fin' | 'rst' | 'stall'): Promise<never> {
    if (how === 'fin') socket.end();
    if (how === 'rst') {
      // A client that finds words and RST in one look takes the RST for an orderly end; so it gets time to read.
      await sleep(20);
      reset(raw);
    }
    await gone;
    throw OVER;
  }

  async function repeat(line: string, everyMs: number): Promise<never> {
    for (;;) {
      if (raw.destroyed) throw OVER;
      socket.write(`${line}\r\n`);
      await sleep(everyMs);
    }
  }

  /** Does what the fault says, else sends the usual lines; returns the code of the reply. */
  async function answer(
    fault: Fault | undefined,
    usual: string[],
    before: (reply: string | null) => void = () => undefined,
  ): Promise<number> {
    if (fault?.delay) await Promise.race([sleep(fault.delay, undefined, { ref: false }), gone]);
    const silent = fault?.then !== undefined || fault?.endless !== undefined;
    const lines = [fault?.reply ?? (silent ? [] : usual)].flat();
    const spoken = fault?.raw?.toString() ?? lines.map((line) => `${line}\r\n`).join('');
    // A line that is not complete is no reply.
    before(/(?:^|\n)\d{3}(?: [^\r\n]*)?\r\n$/.test(spoken) ? spoken.trim() : null);
    if (spoken !== '') socket.write(fault?.raw ?? spoken);
    if (fault?.endless) await repeat(fault.endless.line, fault.endless.everyMs);
    if (fault?.then) await end(fault.then);
    return Number(spoken.slice(0, 3));
  }

  async function handshake(): Promise<void> {
    const fault = ask('handshake');
    if (fault) await answer(fault, []);
    const secured = new TLSSocket(raw, { ...options.tls, isServer: true });
    secured.on('error', () => undefined);
    await new Promise<void>((resolve, reject) => {
      secured.once('secure', resolve);
      // What the client does not like, it says by leaving.
      secured.once('error', () => reject(new Error('handshake failed')));
      secured.once('close', () => reject(new Error('handshake failed')));
    });
    socket = secured;
    secure = true;
    reader.continueOn(secured);
  }

  async function nextLine(phase?: Phase): Promise<{ line: string; phase: Phase }> {
    const line = await reader.line();
    if (line === null) throw OVER;
    const found = phase ?? phaseOf(line);
    options.onLine({ phase: found, line, transaction, secure });
    return { line, phase: found };
  }

  async function challenge(text: string): Promise<string> {
    socket.write(`334 ${text}\r\n`);
    return Buffer.from((await nextLine('auth')).line, 'base64').toString();
  }

  async function logIn(line: string): Promise<void> {
    const [, mechanism = '', initial] = line.split(' ');
    const first = initial === undefined ? undefined : Buffer.from(initial, 'base64').toString();
    let given: (string | undefined)[];
    if (Buffer.byteLength(line) + 2 > options.longestCommand) {
      await answer(ask('auth', line), ['500 5.5.2 line too long']);
      return;
    }
    if (mechanism.toUpperCase() === 'LOGIN') {
      const user = first ?? (await challenge('VXNlcm5hbWU6'));
      given = [user, await challenge('UGFzc3dvcmQ6')];
    } else if (['XOAUTH2', 'OAUTHBEARER'].includes(mechanism.toUpperCase())) {
      const fields = (first ?? (await challenge('')))
        .split('\x01')
        .map((field) => field.replace(/^n,a=(.*),$/, 'user=$1'));
      given = ['user=', 'auth=Bearer '].map((name) =>
        fields.find((field) => field.startsWith(name))?.slice(name.length),
      );
      const refused = options.token?.(given[0] ?? '', given[1] ?? '') ?? null;
      if (refused) {
        await challenge(Buffer.from(JSON.stringify(refused)).toString('base64'));
        await answer(ask('auth', line), ['535 5.7.8 Username and Password not accepted.']);
        return;
      }
    } else {
      given = (first ?? (await challenge(''))).split('\0').slice(1);
    }
    const byToken = options.token !== null && /^(?:XOAUTH2|OAUTHBEARER)$/i.test(mechanism);
    const right =
      byToken || !options.login || (given[0] === options.login.user && given[1] === options.login.password);
    await answer(ask('auth', line), [right ? '235 2.7.0 welcome' : '535 5.7.8 wrong user or password']);
  }

  async function takeBody(): Promise<void> {
    let fault = ask('body');
    const content = await reader.body(async (soFar) => {
      if (fault?.slowRead) {
        await Promise.race([sleep(fault.slowRead.everyMs), gone]);
      } else if (fault && soFar >= (fault.afterBytes ?? 0)) {
        const once = fault;
        fault = undefined;
        await answer(once, []);
      }
      return !raw.destroyed;
    }, fault?.slowRead?.bytes);
    if (content === null) throw OVER;
    const body = { transaction, from, recipients, content };
    options.onBody(body);
    await answer(ask('dot'), ['250 2.0.0 queued'], (spoken) => options.onVerdict(body, spoken));
    recipients = [];
  }

  async function obey(line: string, phase: Phase): Promise<void> {
    switch (phase) {
      case 'ehlo': {
        const offers = ['fault.test', ...options.capabilities];
        if (options.security === 'starttls' && !secure) offers.push('STARTTLS');
        if (options.auth.length > 0) offers.push(`AUTH ${options.auth.join(' ')}`);
        const last = offers.length - 1;
        await answer(
          ask('ehlo', line),
          offers.map((offer, index) => `250${index < last ? '-' : ' '}${offer}`),
        );
        return;
      }
      case 'starttls': {
        const usual = options.security === 'starttls' ? '220 2.0.0 go ahead' : '502 5.5.1 no TLS here';
        if ((await answer(ask('starttls', line), [usual])) === 220) await handshake();
        return;
      }
      case 'auth':
        return logIn(line);
      case 'mail': {
        transaction += 1;
        from = addressOf(line);
        recipients = [];
        await answer(ask('mail', line, from), ['250 2.1.0 sender ok']);
        return;
      }
      case 'rcpt': {
        const address = addressOf(line);
        if ((await answer(ask('rcpt', line, address), ['250 2.1.5 recipient ok'])) === 250) {
          recipients.push(address);
        }
        return;
      }
      case 'data': {
        const usual = recipients.length > 0 ? '354 go ahead' : '554 5.5.1 no valid recipients';
        if ((await answer(ask('data', line), [usual])) === 354) await takeBody();
        return;
      }
      case 'quit':
        await answer(ask('quit', line) ?? { reply: '221 2.0.0 bye', then: 'fin' }, []);
        return;
      case 'rset':
        recipients = [];
        await answer(ask('rset', line), ['250 2.0.0 ok']);
        return;
      default: {
        const usual =
          phase === 'other' ? '500 5.5.2 what?' : phase === 'helo' ? '250 fault.test' : '250 2.0.0 ok';
        await answer(ask(phase, line), [usual]);
      }
    }
  }

  try {
    if (options.security === 'implicit') await handshake();
    await answer(ask('greeting'), ['220 fault.test ESMTP']);
    for (;;) {
      const { line, phase } = await nextLine();
      await obey(line, phase);
    }
  } catch (error) {
    // Clients break off at any moment; only a mistake of this file may be heard.
    if (error !== OVER && !raw.destroyed && !(error as Error).message.includes('handshake')) throw error;
  } finally {
    if (!raw.destroyed) socket.destroySoon();
  }
}
