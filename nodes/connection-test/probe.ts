/**
 * Talks to a mail server as the transport would, one step after the other, and tells how each went. It stops at the
 * first that fails.
 */
import type { Socket } from 'node:net';
import { hostname } from 'node:os';
import { t } from '../language/text';
import type { SmtpSettings } from '../properties/settings';
import type { LoginTokens } from '../smtp/token-login';
import { HELO_ONLY, readCapabilities, type Capabilities } from './capabilities';
import { certificateError, describeTls, encrypt } from './certificate';
import { openDialogue, refusal, type Dialogue, type Reply } from './dialogue';
import { exchangeFor, logIn } from './login';
import { openSocket, resolveHost, throughProxy } from './reach';
import type { Take } from './steps';

/** How long a step may take, ms; the timeouts of the settings count when they are shorter. */
export interface Limits {
  /** The whole test but for the goodbye. */
  total: number;
  /** To find, reach and encrypt. */
  connect: number;
  /** For a reply; servers let a stranger wait for their greeting. */
  reply: number;
}

export interface ProbeOptions {
  settings: SmtpSettings;
  /** Envelope sender; null leaves MAIL FROM out. */
  sender: string | null;
  /** A mail to send, its content as it follows DATA. */
  mail: { to: string; content: string } | null;
  limits: Limits;
  signal: AbortSignal;
  take: Take;
  /** Of a login with an access token. */
  tokens: LoginTokens | null;
  /** Told whether a login was made, or only offered. */
  login: (how: 'made' | 'offered' | 'none') => void;
  /** Told just before the final dot leaves. */
  dotLeaves: () => void;
}

/** How long the server has to answer the goodbye, ms. */
const GOODBYE = 500;

/** Rejects with the failure of the step that failed. All sockets are closed when it settles. */
export async function probe(options: ProbeOptions): Promise<void> {
  const sockets: Socket[] = [];
  try {
    await session(options, sockets);
    await sayGoodbye(sockets.at(-1));
  } finally {
    // The TLS socket first: the other way round, just after the handshake, the process of Node.js 20 ends with it.
    for (const socket of sockets.reverse()) socket.destroy();
  }
}

async function session(options: ProbeOptions, sockets: Socket[]): Promise<void> {
  const { settings, take } = options;
  const end = performance.now() + options.limits.total;
  const left = (...limits: number[]) => Math.max(Math.floor(Math.min(...limits, end - performance.now())), 1);
  const toConnect = () => left(options.limits.connect, settings.timeouts.connection);
  const toReply = () => left(options.limits.reply, settings.timeouts.socket);

  let socket = await reach(options, sockets, toConnect);
  const secure = async () => {
    const secured = await encrypt(socket, settings, toConnect());
    sockets.push(secured);
    socket = secured;
    const refused = certificateError(secured, settings);
    if (refused) throw Object.assign(refused, { detail: describeTls(secured, settings) });
    return secured;
  };
  if (settings.security === 'implicit')
    await take('tls', secure, (secured) => describeTls(secured, settings));

  let dialogue = openDialogue(socket);
  await take(
    'greeting',
    () => greeting(dialogue, left(options.limits.reply, settings.timeouts.greeting)),
    words,
  );
  const hello = () => take('ehlo', () => sayHello(dialogue, settings, toReply()), describeCapabilities);
  let capabilities = await hello();
  if (wantsStartTls(settings, capabilities)) {
    const upgrade = async () => {
      const reply = await dialogue.ask('STARTTLS', toReply());
      if (Math.floor(reply.code / 100) !== 2) throw refusal(t`STARTTLS refused`, 'ETLS', 'STARTTLS', reply);
      dialogue.detach();
      return secure();
    };
    await take('starttls', upgrade, (secured) => describeTls(secured, settings));
    dialogue = openDialogue(socket);
    capabilities = await hello();
  }
  await authenticate(options, dialogue, capabilities, toReply);
  await transact(options, dialogue, capabilities, toReply);
}

/** Opens the TCP connection to the server, through the proxy if there is one. */
async function reach(options: ProbeOptions, sockets: Socket[], ms: () => number): Promise<Socket> {
  const { settings, take, signal } = options;
  const { proxy } = settings;
  const first = proxy ?? settings;
  const addresses = await take(
    'dns',
    () => resolveHost(first.host, ms()),
    (found) =>
      proxy ? t`${first.host} (the proxy) is ${listed(found)}` : t`${first.host} is ${listed(found)}`,
  );
  const socket = await take(
    'tcp',
    () => openSocket(first, addresses, settings, { ms: ms(), signal }),
    ({ remoteAddress, remotePort }) => t`connected to ${remoteAddress ?? ''} port ${remotePort ?? ''}`,
  );
  sockets.push(socket);
  if (proxy) {
    const { host, port } = settings;
    await take(
      'proxy',
      () =>
        throughProxy(socket, { ...proxy, host: addresses[0]?.address ?? proxy.host }, { host, port }, ms()),
      () => t`the proxy connected to ${host} port ${port}`,
    );
  }
  return socket;
}

async function greeting(dialogue: Dialogue, ms: number): Promise<Reply> {
  const reply = await dialogue.next(ms, 'GREETING_TIMEOUT');
  if (reply.code !== 220) throw refusal(t`Invalid greeting`, 'EPROTOCOL', 'CONN', reply);
  return reply;
}

async function sayHello(dialogue: Dialogue, settings: SmtpSettings, ms: number): Promise<Capabilities> {
  const name = settings.ehloName ?? nameOfThisMachine();
  const reply = await dialogue.ask(`EHLO ${name}`, ms);
  if (Math.floor(reply.code / 100) === 2) return readCapabilities(reply);
  if (reply.code === 421 || settings.security === 'required') {
    throw refusal(t`EHLO refused`, 'ECONNECTION', 'EHLO', reply);
  }
  const second = await dialogue.ask(`HELO ${name}`, ms);
  if (Math.floor(second.code / 100) !== 2) throw refusal(t`HELO refused`, 'EPROTOCOL', 'HELO', second);
  return HELO_ONLY;
}

/** As the transport introduces itself. RFC 5321 section 4.1.3: an address where there is no full name. */
function nameOfThisMachine(): string {
  const name = hostname();
  return name.includes('.') ? name : '[127.0.0.1]';
}

function wantsStartTls({ security }: SmtpSettings, capabilities: Capabilities): boolean {
  return security === 'required' || (security === 'opportunistic' && capabilities.has('STARTTLS'));
}

async function authenticate(
  { settings, tokens, take, login }: ProbeOptions,
  dialogue: Dialogue,
  capabilities: Capabilities,
  ms: () => number,
): Promise<void> {
  const { auth } = settings;
  login(capabilities.login ? 'offered' : 'none');
  if (auth === null) return;
  const reply = await take(
    'auth',
    () =>
      capabilities.login
        ? logIn(dialogue, auth, exchangeFor(settings, auth, tokens), capabilities, ms())
        : Promise.resolve(null),
    // As JavaMail does. The server may still refuse the sender or the recipient for it.
    (reply) => (reply ? words(reply) : t`skipped: the server offers no login, so mails are sent without one`),
  );
  if (reply) login('made');
}

async function transact(
  { sender, mail, take, dotLeaves }: ProbeOptions,
  dialogue: Dialogue,
  capabilities: Capabilities,
  ms: () => number,
): Promise<void> {
  if (sender === null) return;
  const say = async (line: string, command: string, code = 'EENVELOPE', wanted = 2) => {
    const reply = await dialogue.ask(line, ms());
    if (Math.floor(reply.code / 100) !== wanted) throw refusal(t`${command} refused`, code, command, reply);
    return reply;
  };
  // eslint-disable-next-line no-control-regex -- everything outside ASCII is meant
  const international = /[^\x00-\x7f]/.test(sender + (mail?.to ?? ''));
  const parameters = international && capabilities.has('SMTPUTF8') ? ' SMTPUTF8' : '';
  await take('mail-from', () => say(`MAIL FROM:<${sender}>${parameters}`, 'MAIL FROM'), words);
  if (mail === null) {
    await dialogue.ask('RSET', ms()).catch(() => undefined);
    return;
  }
  await take('rcpt', () => say(`RCPT TO:<${mail.to}>`, 'RCPT TO'), words);
  await take('data', () => say('DATA', 'DATA', 'EENVELOPE', 3), words);
  const finish = () => {
    dotLeaves();
    return say(`${mail.content}.\r\n`, 'DATA', 'EMESSAGE');
  };
  await take('sent', finish, words);
}

async function sayGoodbye(socket: Socket | undefined): Promise<void> {
  if (!socket || socket.destroyed) return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, GOODBYE);
    socket.once('close', () => {
      clearTimeout(timer);
      resolve();
    });
    socket.end('QUIT\r\n');
  });
}

const words = ({ text }: Reply) => text;

function listed(addresses: { address: string }[]): string {
  return addresses.map(({ address }) => address).join(', ');
}

function describeCapabilities({ lines }: Capabilities): string {
  return lines.length === 0 ? t`no capabilities` : lines.join(', ');
}
