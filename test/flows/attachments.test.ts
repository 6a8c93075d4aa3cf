import assert from 'node:assert/strict';
import { mkdir, mkdtemp, realpath, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { startInbox, type Inbox, type ReceivedMail } from '../servers/inbox';
import { deployMailFlow, type MailFlow } from './mail-flow';
import type { NodeRed } from './node-red';
import { sharedNodeRed } from './shared-node-red';

describe('files attached to a mail', () => {
  let red: NodeRed;
  let inbox: Inbox;
  let base: string;
  let folder: string;
  before(async function () {
    this.timeout(30_000);
    red = await sharedNodeRed();
  });
  beforeEach(async () => {
    inbox = await startInbox();
    base = await realpath(await mkdtemp(path.join(tmpdir(), 'attachments-')));
    folder = path.join(base, 'reports');
    await mkdir(folder);
    await writeFile(path.join(folder, 'Bericht März.csv'), 'a;b\n1;2\n');
    await writeFile(path.join(base, 'private.txt'), 'not for mail');
    await symlink(path.join(base, 'private.txt'), path.join(folder, 'link.txt'));
  });
  afterEach(async () => {
    await inbox.close();
    await rm(base, { recursive: true, force: true });
  });

  const deploy = (fields: Record<string, unknown> = {}): Promise<MailFlow> =>
    deployMailFlow(red, {
      server: inbox,
      sendEmail: {
        attach: true,
        attachFolder: folder,
        format: 'text',
        template: '{{topic}} {{error}}',
        ...fields,
      },
    });
  const names = (mail: ReceivedMail): (string | undefined)[] =>
    mail.parsed.attachments.map((a) => a.filename);

  it('are sent when they lie in the folder', async () => {
    const flow = await deploy();
    await flow.send({ topic: 't', payload: path.join(folder, 'Bericht März.csv') });
    const mail = await inbox.nextMail();
    assert.deepEqual(names(mail), ['Bericht März.csv']);
    assert.equal(mail.parsed.attachments[0]?.content.toString(), 'a;b\n1;2\n');
    const { email } = await flow.sent.next();
    assert.deepEqual(email.attachments, [{ filename: 'Bericht März.csv', size: 8 }]);
    assert.deepEqual(email.skippedAttachments, []);
  });

  const skipped: [string, (folder: string) => string][] = [
    ['missing', (inside) => path.join(inside, 'nothing.csv')],
    ['outside of the folder', (inside) => path.join(inside, '..', 'private.txt')],
    ['links to the outside', (inside) => path.join(inside, 'link.txt')],
    ['the folder itself', (inside) => inside],
  ];
  for (const [what, where] of skipped) {
    it(`are left out when they are ${what}, and the mail still goes out and says so`, async () => {
      const flow = await deploy();
      const file = where(folder);
      await flow.send({ topic: 'alert', payload: [file, path.join(folder, 'Bericht März.csv')] });
      const mail = await inbox.nextMail();
      assert.deepEqual(names(mail), ['Bericht März.csv']);
      assert.match(mail.parsed.text ?? '', /^alert \S/);
      assert.doesNotMatch(mail.raw.toString(), /not for mail/);
      const { email } = await flow.sent.next();
      assert.equal(email.status, 'sent');
      assert.equal(email.skippedAttachments.length, 1);
      assert.equal(email.skippedAttachments[0].filename, path.basename(file));
      assert.ok(email.skippedAttachments[0].reason.length > 5);
    });
  }

  it('are left out when they are too large together', async () => {
    await writeFile(path.join(folder, 'large.bin'), Buffer.alloc(1_100_000));
    const flow = await deploy({ attachMaxMb: 1 });
    await flow.send({ topic: 't', payload: [path.join(folder, 'large.bin'), 'Bericht März.csv'] });
    const { email } = await flow.sent.next();
    assert.equal(email.skippedAttachments[0].filename, 'large.bin');
    assert.deepEqual(email.attachments, [{ filename: 'Bericht März.csv', size: 8 }]);
  });

  it('are read when the msg arrives, so that a file deleted later is still sent', async () => {
    const flow = await deploy({ batchSize: 10, batchTimeout: 3600 });
    await flow.send({ topic: 't', payload: path.join(folder, 'Bericht März.csv') });
    await flow.statuses.waitForOne((status) => /1 /.test(status.text ?? ''));
    await rm(path.join(folder, 'Bericht März.csv'));
    await flow.send({ flush: true });
    assert.deepEqual(names(await inbox.nextMail()), ['Bericht März.csv']);
  });

  it('come from msg.attachments and from Buffers too, but never from an address', async () => {
    const flow = await deploy({ attach: false });
    await flow.send({
      topic: 't',
      attachments: [
        { filename: 'note.txt', content: 'text', contentType: 'text/plain' },
        { filename: 'bytes.bin', content: Buffer.from([1, 2, 3]) },
        { filename: 'page.html', href: `${red.url}/settings` },
        { filename: 'secret.txt', path: path.join(base, 'private.txt') },
      ],
    });
    const mail = await inbox.nextMail();
    assert.deepEqual(names(mail), ['note.txt', 'bytes.bin']);
    assert.deepEqual(mail.parsed.attachments[1]?.content, Buffer.from([1, 2, 3]));
    const { email } = await flow.sent.next();
    assert.deepEqual(
      email.skippedAttachments.map((one: { filename: string }) => one.filename),
      ['page.html', 'secret.txt'],
    );
  });
});
