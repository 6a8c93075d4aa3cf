import assert from 'node:assert/strict';
import { once } from 'node:events';
import helper from 'node-red-node-test-helper';
import connector from '../../nodes/email-server-connector';
import sendEmail from '../../nodes/send-email';
import { closedAfterEach } from '../servers/closing';
import { startInbox } from '../servers/inbox';

/** Of a node under test, what is used here. */
interface TestNode {
  receive(msg: object): void;
  on(event: string, listener: (...values: never[]) => void): void;
  once(event: string, listener: (...values: never[]) => void): void;
  users: Record<string, unknown>;
  title: string;
}

const NODES = [connector, sendEmail] as unknown as Parameters<typeof helper.load>[0];

const node = (id: string) => helper.getNode(id) as unknown as TestNode;

/** The next msg that a helper node gets. */
async function next(
  id: string,
): Promise<{ email: { status: string; subject: string; error?: { message: string } } }> {
  const [msg] = (await once(helper.getNode(id) as never, 'input')) as [never];
  return msg;
}

describe('the nodes in the test helper of Node-RED', () => {
  const opened = closedAfterEach();
  before(() => helper.init(require.resolve('node-red')));
  afterEach(() => helper.unload());

  const flow = (properties: string, more: object = {}) => [
    { id: 'c', type: 'email-server-connector', title: 'Account', properties },
    {
      id: 'n',
      type: 'send-email',
      server: 'c',
      from: 'me@x.test',
      to: 'ops@x.test',
      wires: [['sent'], ['failed']],
      ...more,
    },
    { id: 'sent', type: 'helper' },
    { id: 'failed', type: 'helper' },
  ];

  it('send a mail and tell of it', async () => {
    const inbox = await opened(startInbox());
    await helper.load(NODES, flow(`mail.smtp.host=127.0.0.1\nmail.smtp.port=${inbox.port}`));
    const sent = next('sent');
    node('n').receive({ topic: 'hello' });
    assert.equal((await sent).email.status, 'sent');
    assert.equal((await inbox.nextMail()).parsed.subject, 'hello');
  });

  it('take variables in credentials and properties', async () => {
    process.env['TEST_MAIL_SECRET'] = 'hunter22';
    const inbox = await opened(startInbox({ user: 'ops', password: 'hunter22', authInClear: true }));
    process.env['TEST_MAIL_PORT'] = String(inbox.port);
    await helper.load(NODES, flow('mail.smtp.host=127.0.0.1\nmail.smtp.port=${TEST_MAIL_PORT}'), {
      c: { username: 'ops', password: '${TEST_MAIL_SECRET}' },
    });
    node('n').receive({ topic: 'hello' });
    assert.equal((await inbox.nextMail()).session.user, 'ops');
  });

  it('fail each msg when the connector is missing, and say so', async () => {
    await helper.load(NODES, flow('', { server: 'gone' }));
    const failed = next('failed');
    node('n').receive({ topic: 'hello' });
    const { email } = await failed;
    assert.equal(email.status, 'failed');
    assert.match(email.error?.message ?? '', /server: there is no email-server-connector "gone"/);
  });

  it('fail each msg when a template does not parse, and name field and line', async () => {
    await helper.load(NODES, flow('mail.smtp.host=127.0.0.1', { template: 'one\n{{#events}}' }));
    const failed = next('failed');
    node('n').receive({ topic: 'hello' });
    assert.match((await failed).email.error?.message ?? '', /template.*line 2/);
  });
});
