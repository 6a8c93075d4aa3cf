import assert from 'node:assert/strict';
import { closedAfterEach } from '../servers/closing';
import { startInbox } from '../servers/inbox';
import { at, reply } from '../servers/fault-script';
import { startFaultServer } from '../servers/fault-server';
import { deployMailFlow, isProblem } from './mail-flow';
import { startNodeRed, type NodeRed } from './node-red';

const USER = 'plant@example.com';
const PASSWORD = 'correct horse-battery';

/** The forms in which a password travels over the line. */
const FORMS = [
  PASSWORD,
  encodeURIComponent(PASSWORD),
  Buffer.from(PASSWORD).toString('base64'),
  Buffer.from(`\0${USER}\0${PASSWORD}`).toString('base64'),
  Buffer.from(PASSWORD).toString('hex'),
];

describe('the password of a connector', () => {
  let red: NodeRed;
  const opened = closedAfterEach();
  before(async function () {
    this.timeout(30_000);
    red = await startNodeRed();
  });
  after(() => red.stop());

  for (const mechanism of ['PLAIN', 'LOGIN'] as const) {
    it(`is in no log, flow, msg or status, debugging a ${mechanism} login`, async () => {
      const inbox = await opened(startInbox({ user: USER, password: PASSWORD, authMethods: [mechanism] }));
      // Servers that repeat what they were told: the worst that an error can quote.
      const quote = `${PASSWORD} ${FORMS[3]} ${FORMS[2]}`;
      const quoting = await opened(
        startFaultServer({ auth: [mechanism], script: at('rcpt', reply(`550 5.1.1 no such user ${quote}`)) }),
      );
      const refusing = await opened(
        startFaultServer({
          auth: [mechanism],
          script: at('auth', reply(`535 5.7.8 no: ${quote}`)),
        }),
      );
      const properties = ['mail.debug=true', 'mail.smtp.auth=true'];
      const credentials = { username: USER, password: PASSWORD };

      const good = await deployMailFlow(red, { server: inbox, properties, credentials });
      await good.send({ topic: 'debugged subject', payload: 'the body stays at home' });
      assert.equal((await inbox.nextMail()).session.authMethod, mechanism);
      await good.sent.next();
      const exported = await red.request('GET', '/flows');

      const held = await deployMailFlow(red, { server: refusing, properties, credentials });
      await held.send({ topic: 'x' });
      await held.connectorStatuses.waitForOne(isProblem);
      await held.send({ action: 'status' });
      const status = await held.sent.next();
      assert.match(status.payload.problem.error.message, /535|5\.7\.8/);

      const bounced = await deployMailFlow(red, { server: quoting, properties, credentials });
      await bounced.send({ topic: 'x' });
      assert.match((await bounced.caught.next()).error.message, /no such user/);
      await bounced.failed.next();

      assert.match(red.logs(), /MAIL FROM:<plant@example\.com>/);
      assert.match(red.logs(), /\[warn\].*mail\.debug/);
      assert.doesNotMatch(red.logs(), /the body stays at home/);
      const flows = [good, held, bounced];
      const places = {
        logs: red.logs(),
        flows: JSON.stringify(exported.body),
        msgs: JSON.stringify(flows.flatMap((flow) => [flow.sent, flow.failed, flow.completed, flow.caught])),
        statuses: JSON.stringify(flows.flatMap((flow) => [flow.statuses, flow.connectorStatuses])),
      };
      for (const [place, text] of Object.entries(places)) {
        for (const form of FORMS) assert.ok(!text.includes(form), `${place} hold the password as ${form}`);
      }
    });
  }
});
