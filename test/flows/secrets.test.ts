import assert from 'node:assert/strict';
import { closedAfterEach } from '../servers/closing';
import { startInbox } from '../servers/inbox';
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
      // A server that repeats what it was told: the worst that an error can quote.
      const refusing = await opened(
        startFaultServer({
          auth: [mechanism],
          script: ({ phase }) =>
            phase === 'auth' ? { reply: `535 5.7.8 no: ${PASSWORD} ${FORMS[3]} ${FORMS[2]}` } : undefined,
        }),
      );
      const properties = ['mail.debug=true', 'mail.smtp.auth=true'];
      const credentials = { username: USER, password: PASSWORD };

      const good = await deployMailFlow(red, { server: inbox, properties, credentials });
      await good.send({ topic: 'debugged subject', payload: 'the body stays at home' });
      assert.equal((await inbox.nextMail()).session.authMethod, mechanism);
      await good.sent.next();
      const exported = await red.request('GET', '/flows');

      const bad = await deployMailFlow(red, { server: refusing, properties, credentials });
      await bad.send({ topic: 'x' });
      await bad.connectorStatuses.waitForOne(isProblem);
      await bad.send({ action: 'status' });
      const status = await bad.sent.next();
      assert.match(status.payload.problem.error.message, /535|5\.7\.8/);
      await bad.send({ topic: 'y', to: 'z' });

      assert.match(red.logs(), /MAIL FROM:<plant@example\.com>/);
      assert.match(red.logs(), /\[warn\].*mail\.debug/);
      assert.doesNotMatch(red.logs(), /the body stays at home/);
      const places = {
        logs: red.logs(),
        flows: JSON.stringify(exported.body),
        msgs: JSON.stringify([good.sent.items, good.completed.items, bad.sent.items, bad.caught.items]),
        statuses: JSON.stringify(
          [good, bad].flatMap((flow) => [flow.statuses.items, flow.connectorStatuses.items]),
        ),
      };
      for (const [place, text] of Object.entries(places)) {
        for (const form of FORMS) assert.ok(!text.includes(form), `${place} hold the password as ${form}`);
      }
    });
  }
});
