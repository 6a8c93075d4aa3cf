/** The faults that a mail meets on its way, by the point of the dialogue, and how it ends because of each. */
import {
  at,
  fin,
  firstOf,
  reply,
  replyAndFin,
  rst,
  slow,
  stall,
  type Fault,
  type Phase,
  type Script,
} from '../servers/fault-script';
import type { FaultServerOptions } from '../servers/fault-server';

/**
 * How a mail ends that meets a fault once: sent without a word, sent again on a new connection (at once or after a pause), sent
 * after a pause of the connector, sent with its next attempt, sent again although it may have arrived, or failed.
 */
export type Ending = 'sent' | 'again' | 'pause' | 'attempt' | 'doubt' | 'mail';

export interface Trial {
  name: string;
  /** Where the fault is; a client may take a second way (HELO after EHLO), which fails as well then. */
  phases: Phase[];
  fault: Fault;
  ending: Ending;
  server?: FaultServerOptions;
  properties?: string[];
  /** Bytes of the mail. */
  size?: number;
}

type More = Pick<Trial, 'server' | 'properties' | 'size'>;

const AUTH: More = { server: { auth: ['PLAIN'], login: { user: 'u', password: 'a secret' } } };
const STARTTLS: More = {
  server: { security: 'starttls' },
  properties: ['mail.smtp.starttls.required=true', 'mail.smtp.ssl.trust=*'],
};
/** Larger than what the network holds: the dot is still here when a fault halfway comes. */
const LARGE: More = { size: 8_000_000 };
const HALFWAY = { afterBytes: 100_000 };

const trial = (
  phase: Phase | Phase[],
  name: string,
  fault: Fault,
  ending: Ending,
  more: More = {},
): Trial => {
  const phases = [phase].flat();
  return { name: `${name} at ${phases.join(' and ')}`, phases, fault, ending, ...more };
};

const answer = (phase: Phase | Phase[], line: string, ending: Ending, more: More = {}): Trial =>
  trial(phase, `"${line}"`, reply(line), ending, more);

/**
 * The faults that any reply can have. Before the dot is handed over they cost the mail nothing: the connection is to blame.
 * After it nobody knows whether the mail was taken.
 */
function speechless(phase: Phase | Phase[], [broken, silent]: [Ending, Ending], more: More = {}): Trial[] {
  return [
    trial(phase, 'the end of the connection', fin(), broken, more),
    trial(phase, 'a broken connection', rst(), broken, more),
    trial(phase, 'half a line and the end', { raw: '25', then: 'fin' }, broken, more),
    trial(phase, 'silence', stall(), silent, more),
    trial(phase, 'half a line and silence', { raw: '25', then: 'stall' }, silent, more),
    trial(phase, 'garbage', reply('\u0001\u00ff HTTP/1.1 400 what?'), silent, more),
    trial(phase, 'a late reply', slow(40), 'sent', more),
  ];
}

/** What a server says that ends a session, which is about the account and not about the mail. */
const goodbye = (phase: Phase | Phase[], more: More = {}): Trial =>
  trial(phase, '"421" and the end', replyAndFin('421 4.3.2 shutting down'), 'pause', more);

export const TRIALS: Trial[] = [
  ...speechless('greeting', ['again', 'pause']),
  goodbye('greeting'),
  trial('greeting', '"421 4.7.0" and the end', replyAndFin('421 4.7.0 try again later'), 'pause'),
  answer('greeting', '450 4.3.2 busy', 'pause'),
  answer('greeting', '554 5.7.1 no', 'pause'),
  answer('greeting', 'SSH-2.0-OpenSSH_9.2', 'pause'),

  ...speechless(['ehlo', 'helo'], ['again', 'pause']),
  goodbye(['ehlo', 'helo']),
  answer(['ehlo', 'helo'], '451 4.3.0 later', 'pause'),
  answer(['ehlo', 'helo'], '502 5.5.1 what?', 'pause'),
  answer('ehlo', '502 5.5.1 only HELO here', 'sent'),

  ...speechless('starttls', ['again', 'pause'], STARTTLS),
  goodbye('starttls', STARTTLS),
  answer('starttls', '454 4.7.0 not now', 'pause', STARTTLS),
  answer('starttls', '502 5.5.1 what?', 'pause', STARTTLS),

  trial('handshake', 'the end of the connection', fin(), 'again', STARTTLS),
  trial('handshake', 'a broken connection', rst(), 'again', STARTTLS),
  trial('handshake', 'silence', stall(), 'pause', STARTTLS),
  // Later than the 220: what comes together with it, a client throws away.
  trial('handshake', 'garbage', { delay: 20, raw: 'garbage\r\n', then: 'fin' }, 'pause', STARTTLS),
  trial('handshake', 'a late start', slow(40), 'sent', STARTTLS),

  ...speechless('auth', ['again', 'pause'], AUTH),
  goodbye('auth', AUTH),
  answer('auth', '535 5.7.8 bad credentials', 'pause', AUTH),
  answer('auth', '535 5.7.139 SMTP AUTH is off', 'pause', AUTH),
  answer('auth', '454 4.7.0 too many logins', 'pause', AUTH),
  answer('auth', '432 4.7.12 a transition is needed', 'pause', AUTH),

  ...speechless('mail', ['again', 'pause']),
  goodbye('mail'),
  trial('mail', '"421 4.7.0" and the end', replyAndFin('421 4.7.0 later'), 'pause'),
  answer('mail', '451 4.3.0 later', 'pause'),
  answer('mail', '452 4.3.1 no space', 'pause'),
  answer('mail', '450 4.1.8 no such domain', 'attempt'),
  answer('mail', '530 5.7.0 log in first', 'pause'),
  answer('mail', '550 5.4.5 daily limit', 'pause'),
  answer('mail', '550 5.1.0 no such sender', 'mail'),
  answer('mail', '552 5.3.4 too big', 'mail'),

  ...speechless('rcpt', ['again', 'pause']),
  goodbye('rcpt'),
  answer('rcpt', '451 4.7.1 greylisted', 'attempt'),
  answer('rcpt', '452 4.2.2 full', 'attempt'),
  answer('rcpt', '550 5.4.5 daily limit', 'pause'),
  answer('rcpt', '550 5.1.1 nobody', 'mail'),

  ...speechless('data', ['again', 'pause']),
  goodbye('data'),
  answer('data', '451 4.3.0 later', 'attempt'),
  answer('data', '554 5.7.1 no', 'mail'),

  trial('body', 'the end of the connection', { ...fin(), ...HALFWAY }, 'again', LARGE),
  trial('body', 'a broken connection', { ...rst(), ...HALFWAY }, 'again', LARGE),
  trial('body', 'silence', { ...stall(), ...HALFWAY }, 'pause', LARGE),
  trial('body', '"421" and the end', { ...replyAndFin('421 4.3.2 bye'), ...HALFWAY }, 'pause', LARGE),
  trial('body', '"451" and the end', { ...replyAndFin('451 4.3.0 later'), ...HALFWAY }, 'attempt', LARGE),
  trial('body', '"552" and the end', { ...replyAndFin('552 5.3.4 too big'), ...HALFWAY }, 'mail', LARGE),
  trial('body', 'a slow reader', { slowRead: { bytes: 65_536, everyMs: 1 } }, 'sent', LARGE),

  ...speechless('dot', ['doubt', 'doubt']),
  trial('dot', 'the first of two lines and silence', { raw: '250-wait\r\n', then: 'stall' }, 'doubt'),
  goodbye('dot'),
  answer('dot', '451 4.3.0 later', 'attempt'),
  trial('dot', '"451" without a line end', { raw: '451 x', then: 'fin' }, 'attempt'),
  answer('dot', '432 4.3.2 concurrent connections limit exceeded', 'pause'),
  answer('dot', '454 4.7.0 throttling failure: maximum sending rate exceeded', 'pause'),
  answer('dot', '550 5.1.90 daily limit', 'pause'),
  answer('dot', '552 5.3.4 too big', 'mail'),
  answer('dot', '554 5.7.1 spam', 'mail'),
  trial('dot', '"250" and the end', { reply: '250 ok', then: 'fin' }, 'sent'),
  trial('dot', '"250" and a broken connection', { reply: '250 ok', then: 'rst' }, 'sent'),
];

/** Faults at RCPT TO of one recipient: all three are tried again, or this one alone, or this one never. */
export const ONE_OF_THREE: { name: string; fault: Fault; ending: 'again' | 'later' | 'never' }[] = [
  { name: 'the end of the connection', fault: fin(), ending: 'again' },
  { name: 'a broken connection', fault: rst(), ending: 'again' },
  { name: 'half a line and the end', fault: { raw: '25', then: 'fin' }, ending: 'again' },
  { name: 'silence', fault: stall(), ending: 'again' },
  { name: 'half a line and silence', fault: { raw: '25', then: 'stall' }, ending: 'again' },
  { name: '"421" and the end', fault: replyAndFin('421 4.3.2 shutting down'), ending: 'again' },
  { name: '"450"', fault: reply('450 4.2.1 receiving too fast'), ending: 'later' },
  { name: '"451"', fault: reply('451 4.7.1 greylisted'), ending: 'later' },
  { name: '"452 4.5.3"', fault: reply('452 4.5.3 too many recipients'), ending: 'later' },
  { name: '"550 5.4.5"', fault: reply('550 5.4.5 daily limit'), ending: 'later' },
  { name: '"550 5.2.121"', fault: reply('550 5.2.121 too many in this hour'), ending: 'later' },
  { name: 'garbage', fault: reply('what?'), ending: 'later' },
  { name: '"550 5.1.1"', fault: reply('550 5.1.1 nobody'), ending: 'never' },
  { name: '"552 5.2.2"', fault: reply('552 5.2.2 full'), ending: 'never' },
  { name: 'a late reply', fault: slow(40), ending: 'again' },
];

/** What can happen to a connection between two mails: after one that was taken, or after one that was refused. */
export const BETWEEN_MAILS: { name: string; script: Script; spoilt?: true }[] = [
  { name: 'the connection ended', script: at('dot', { reply: '250 ok', then: 'fin' }, 1) },
  { name: 'the connection broke', script: at('dot', { reply: '250 ok', then: 'rst' }, 1) },
  { name: 'the server says goodbye', script: at('dot', replyAndFin('250 ok', '421 4.4.2 idle'), 1) },
  ...(
    [
      ['the end of the connection', fin()],
      ['a broken connection', rst()],
      ['silence', stall()],
      ['"421 4.4.2" and the end', replyAndFin('421 4.4.2 session too long')],
      ['"503"', reply('503 5.5.1 bad sequence')],
      ['"451"', reply('451 4.3.0 later')],
      ['garbage', reply('what?')],
      ['a late reply', slow(40)],
    ] as [string, Fault][]
  ).map(([name, fault]) => ({ name: `${name} at its MAIL FROM`, script: at('mail', fault, 2) })),
  ...(
    [
      ['nothing special', slow(0)],
      ['the end of the connection', fin()],
      ['a broken connection', rst()],
      ['silence', stall()],
      ['half a line and silence', { raw: '25', then: 'stall' }],
      ['"421" and the end', replyAndFin('421 4.3.2 shutting down')],
      ['"500"', reply('500 5.5.2 what?')],
      ['garbage', reply('what?')],
    ] as [string, Fault][]
  ).map(([name, fault]) => ({
    name: `${name} at RSET`,
    spoilt: true as const,
    script: firstOf(
      ({ phase, address }) =>
        phase === 'rcpt' && address === 'nobody@x.test' ? reply('550 5.1.1 nobody') : undefined,
      at('rset', fault, 1),
    ),
  })),
];
