/** Each way in which a server or the network can fail, at each point of the dialogue: what becomes of the mail. */
import assert from 'node:assert/strict';
import { closedAfterEach } from '../servers/closing';
import { at, fin, reply, replyAndFin, rst, stall, type Fault, type Phase } from '../servers/fault-script';
import { startFaultServer, type FaultServer, type FaultServerOptions } from '../servers/fault-server';
import { fastClock } from './clocks';
import { newMail, openLine, type Line } from './delivery-fixture';
import { useFolder } from './disk-fixture';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** 15 s, the first wait, become 2.5 ms; an hour 600 ms. */
const FACTOR = 6_000;

/**
 * What a fault costs a mail that meets it once: nothing (the connection is tried again at once), a pause of the connector,
 * one attempt, one attempt that may have sent it, or the mail.
 */
type Cost = 'nothing' | 'pause' | 'attempt' | 'doubt' | 'mail';

interface Trial {
  name: string;
  phase: Phase;
  fault: Fault;
  cost: Cost;
  server?: FaultServerOptions;
  properties?: string[];
  /** Bytes of the mail. */
  size?: number;
}

const LOGIN = { user: 'u', password: 'a secret' };
const AUTH: Partial<Trial> = { server: { auth: ['PLAIN'], login: LOGIN } };
const STARTTLS: Partial<Trial> = {
  server: { security: 'starttls' },
  properties: ['mail.smtp.starttls.required=true', 'mail.smtp.ssl.trust=*'],
};

const HALFWAY = { afterBytes: 100_000 };
const LARGE: Partial<Trial> = { size: 8_000_000 };

const trial = (phase: Phase, name: string, fault: Fault, cost: Cost, more: Partial<Trial> = {}): Trial => ({
  name: `${name} at ${phase}`,
  phase,
  fault,
  cost,
  ...more,
});

/** The connection ends, breaks or goes silent. */
const silences = (phase: Phase, cost: Cost, more: Partial<Trial> = {}): Trial[] => [
  trial(phase, 'the end of the connection', fin(), cost, more),
  trial(phase, 'a broken connection', rst(), cost, more),
  trial(phase, 'silence', stall(), cost, more),
];

const answer = (phase: Phase, line: string, cost: Cost, more: Partial<Trial> = {}): Trial =>
  trial(phase, `"${line}"`, reply(line), cost, more);

const TRIALS: Trial[] = [
  trial('greeting', 'the end of the connection', fin(), 'nothing'),
  trial('greeting', 'a broken connection', rst(), 'pause'),
  trial('greeting', 'silence', stall(), 'pause'),
  trial('greeting', '"421" and the end', replyAndFin('421 4.7.0 try again later'), 'pause'),
  answer('greeting', '554 5.7.1 no', 'pause'),
  answer('greeting', 'SSH-2.0-OpenSSH_9.2', 'pause'),
  ...silences('ehlo', 'pause'),
  trial('ehlo', '"421" and the end', replyAndFin('421 4.3.2 shutting down'), 'pause'),
  answer('starttls', '454 4.7.0 not now', 'pause', STARTTLS),
  ...silences('starttls', 'pause', STARTTLS),
  ...silences('handshake', 'pause', STARTTLS),
  ...silences('auth', 'pause', AUTH),
  answer('auth', '535 5.7.8 bad credentials', 'pause', AUTH),
  answer('auth', '535 5.7.139 SMTP AUTH is off', 'pause', AUTH),
  answer('auth', '454 4.7.0 too many logins', 'pause', AUTH),
  answer('auth', '432 4.7.12 a transition is needed', 'pause', AUTH),
  ...silences('mail', 'pause'),
  answer('mail', '451 4.3.0 later', 'pause'),
  answer('mail', '452 4.3.1 no space', 'pause'),
  answer('mail', '530 5.7.0 log in first', 'pause'),
  answer('mail', '550 5.4.5 daily limit', 'pause'),
  trial('mail', '"421" and the end', replyAndFin('421 4.7.0 later'), 'pause'),
  answer('mail', '552 5.3.4 too big', 'mail'),
  ...silences('rcpt', 'pause'),
  answer('rcpt', '451 4.7.1 greylisted', 'attempt'),
  answer('rcpt', '452 4.2.2 full', 'attempt'),
  answer('rcpt', '550 5.1.1 nobody', 'mail'),
  trial('rcpt', '"421" and the end', replyAndFin('421 4.3.2 later'), 'pause'),
  ...silences('data', 'pause'),
  answer('data', '451 4.3.0 later', 'attempt'),
  answer('data', '554 5.7.1 no', 'mail'),
  // In the middle of a mail that is larger than what the network holds: the dot is still here.
  trial('body', 'the end of the connection', { ...fin(), ...HALFWAY }, 'pause', LARGE),
  trial('body', 'a broken connection', { ...rst(), ...HALFWAY }, 'pause', LARGE),
  trial('body', 'silence', { ...stall(), ...HALFWAY }, 'pause', LARGE),
  trial('body', '"552" and the end', { ...replyAndFin('552 5.3.4 too big'), ...HALFWAY }, 'mail', LARGE),
  answer('dot', '451 4.3.0 later', 'attempt'),
  answer('dot', '432 4.3.2 concurrent connections limit exceeded', 'pause'),
  answer('dot', '454 4.7.0 throttling failure: maximum sending rate exceeded', 'pause'),
  answer('dot', '550 5.1.90 daily limit', 'pause'),
  answer('dot', '552 5.3.4 too big', 'mail'),
  answer('dot', '554 5.7.1 spam', 'mail'),
  trial('dot', '"451" without a line end', { raw: '451 x', then: 'fin' }, 'attempt'),
  ...silences('dot', 'doubt'),
  trial('dot', 'half a reply', { raw: '250-wait\r\n', then: 'stall' }, 'doubt'),
  trial('dot', '"25" and the end', { raw: '25', then: 'fin' }, 'doubt'),
  trial('dot', '"250" and a broken connection', { reply: '250 ok', then: 'rst' }, 'nothing'),
];

describe('a mail in the outbox', () => {
  const opened = closedAfterEach();
  const folder = useFolder();
  let server: FaultServer;

  async function line(trial: Trial, script: FaultServer['script'], retryFor = 24 * HOUR): Promise<Line> {
    server = await opened(startFaultServer({ ...trial.server, script }));
    const one = await opened(
      openLine({
        server,
        folder: folder(),
        clock: fastClock(FACTOR),
        policy: { retryFor },
        properties: ['mail.smtp.timeout=120', 'mail.smtp.connectiontimeout=120', ...(trial.properties ?? [])],
        ...(trial.server?.login ? { login: trial.server.login } : {}),
      }),
    );
    one.start();
    return one;
  }

  describe('that meets a fault once', () => {
    for (const trial of TRIALS) {
      const { name, phase, fault, cost } = trial;
      const words: Record<Cost, string> = {
        nothing: 'is sent as if nothing had been',
        pause: 'is sent after a pause of the connector, which costs it no attempt',
        attempt: 'is sent with its next attempt, and holds nobody up',
        doubt: 'is sent again with the same Message-ID, and says that a duplicate is possible',
        mail: 'is reported as failed, at once',
      };
      it(`${words[cost]}: ${name}`, async () => {
        const { outbox, results, problems, troubles } = await line(trial, at(phase, fault, 1));
        await outbox.add(newMail(['a@x.test'], trial));
        await outbox.add(newMail());
        const [one, other] = (await results.waitFor(2)).sort((a, b) => (a.id < b.id ? -1 : 1));

        assert.equal(one?.status, cost === 'mail' ? 'failed' : 'sent');
        assert.equal(one.attempts, cost === 'attempt' || cost === 'doubt' ? 2 : 1);
        assert.equal(one.duplicatePossible, cost === 'doubt');
        assert.equal(one.error !== undefined, cost === 'mail');
        assert.deepEqual([other?.status, other?.attempts, other?.duplicatePossible], ['sent', 1, false]);
        assert.equal(problems.items.length, cost === 'pause' ? 1 : 0, problems.items.join());
        assert.equal(outbox.problem(), null);

        const sent = (messageId: string) =>
          server.ledger.items.filter((entry) => entry.messageId === messageId);
        assert.equal(sent(one.messageId ?? '').length, cost === 'mail' ? 0 : 1);
        assert.equal(sent(other?.messageId ?? '').length, 1);
        await outbox.stop();
        assert.deepEqual(outbox.counts(), {
          queued: 0,
          deferred: 0,
          sending: 0,
          sent: cost === 'mail' ? 1 : 2,
          failed: cost === 'mail' ? 1 : 0,
        });
        assert.deepEqual(troubles, []);
      });
    }
  });

  describe('that meets a fault each time', () => {
    for (const trial of TRIALS.filter(({ cost, name }) => cost !== 'mail' && !name.startsWith('"250"'))) {
      it(`is reported as failed when its time is over, with the reason: ${trial.name}`, async function () {
        const { outbox, results } = await line(trial, at(trial.phase, trial.fault), 6 * MINUTE);
        await outbox.add(newMail(['a@x.test'], trial));
        const result = await results.next(15_000);
        assert.equal(result.status, 'failed');
        assert.ok(result.error?.code && result.error.message);
        assert.equal(result.rejected.length, 1);
        assert.equal(result.duplicatePossible, trial.cost === 'doubt');
        assert.deepEqual(server.ledger.items, []);
        assert.equal(results.items.length, 1);
        await outbox.stop();
        assert.deepEqual(outbox.counts(), { queued: 0, deferred: 0, sending: 0, sent: 0, failed: 1 });
      });
    }
  });
});
