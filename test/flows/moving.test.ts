/**
 * Flows that were built for the e-mail node of node-red-node-email, with a send-email node in its place as
 * docs/moving-from-node-red-node-email.md says. Where that node is installed (bench/ has it after `npm run bench`, else the
 * folder in E_MAIL_NODE), the same msgs go through it too, so that what is said of it stays true.
 */
import assert from 'node:assert/strict';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { templateText } from '../../nodes/editor/send-email/templates';
import { closedAfterEach } from '../servers/closing';
import { startInbox, type Inbox, type ReceivedMail } from '../servers/inbox';
import { mailFlow } from './mail-flow';
import { startNodeRed, type FlowMsg, type FlowNode, type NodeRed } from './node-red';
import { sharedNodeRed } from './shared-node-red';
import { ROOT } from './user-dir';

const THEIRS = process.env['E_MAIL_NODE'] ?? path.join(ROOT, 'bench/node_modules/node-red-node-email');

/** What a person and a mail program see of a mail. */
interface Seen {
  subject?: string;
  from?: string;
  /** Everyone whom the server was told, in any order. */
  recipients?: string[];
  html?: string | false;
  text?: string | RegExp;
  attachments?: [name: string, content: string][];
  replyTo?: string;
  /** Header fields of the raw mail. */
  headers?: RegExp[];
}

interface Moved {
  what: string;
  /** The old node's To; empty when the msg says it. */
  to?: string;
  /** What a user writes into the field Subject, when not the default. */
  subject?: string;
  msg: FlowMsg;
  /** The mail of both. */
  both?: Seen;
  /** What differs, as the page says. */
  theirs?: Seen;
  ours?: Seen;
}

const TO = 'operator@example.com';
const PNG = Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex');

const MOVED: Moved[] = [
  {
    what: 'a text with line breaks and signs of HTML',
    to: TO,
    msg: {
      topic: 'Pump 3',
      payload: 'Stopped at 13:05\nlevel < 8.4 & falling\n\n  tank   8.4\n  pipe   7.9',
    },
    both: {
      subject: 'Pump 3',
      from: 'plant@example.com',
      recipients: [TO],
      text: 'Stopped at 13:05\nlevel < 8.4 & falling\n\ntank 8.4\npipe 7.9',
      attachments: [],
    },
    theirs: { html: false },
  },
  {
    what: 'a page of HTML',
    to: TO,
    msg: { topic: 'Report', payload: '<html><body><h1>Report</h1>\n<p>all is &gt; well</p></body></html>' },
    both: { html: '<html><body><h1>Report</h1>\n<p>all is &gt; well</p></body></html>' },
    theirs: { text: /<h1>Report/ },
    ours: { text: /^Report\s+all is > well$/i },
  },
  {
    what: 'an object',
    to: TO,
    msg: { topic: 't', payload: { bar: 8.4, on: true } },
    both: { text: '{"bar":8.4,"on":true}' },
  },
  { what: 'a number', to: TO, msg: { topic: 't', payload: 42 }, both: { text: '42' } },
  {
    what: 'a Buffer with its name and a description',
    to: TO,
    msg: {
      topic: 'Door',
      payload: Buffer.from('a;b\n1;2\n'),
      filename: '/tmp/r/week.csv',
      description: 'The week',
    },
    both: { text: 'The week', attachments: [['week.csv', 'a;b\n1;2\n']] },
  },
  {
    what: 'a Buffer without a name',
    to: TO,
    msg: { topic: 'Door', payload: PNG },
    theirs: { attachments: [['attachment.png', PNG.toString('latin1')]], text: /attachment\.png/ },
    ours: { attachments: [['snapshot.png', PNG.toString('latin1')]], text: 'snapshot.png' },
  },
  {
    what: 'a list of attachments, and a picture in the text',
    to: TO,
    msg: {
      topic: 't',
      payload: '<p>See <img src="cid:chart"></p>',
      attachments: [
        { filename: 'a.txt', content: 'text' },
        { filename: 'chart.png', content: PNG, cid: 'chart' },
      ],
    },
    both: {
      attachments: [
        ['a.txt', 'text'],
        ['chart.png', PNG.toString('latin1')],
      ],
    },
  },
  {
    what: 'a single attachment',
    to: TO,
    msg: { topic: 't', payload: 'x', attachments: { filename: 'a.txt', content: 'text' } },
    both: { text: 'x', attachments: [['a.txt', 'text']] },
  },
  {
    what: 'addresses from the msg',
    msg: {
      topic: 't',
      payload: 'x',
      from: '"Plant" <line4@example.com>',
      to: 'a@example.com, B <b@example.com>',
      cc: 'c@example.com',
      bcc: 'd@example.com',
      replyTo: 'desk@example.com',
    },
    both: {
      from: 'line4@example.com',
      recipients: ['a@example.com', 'b@example.com', 'c@example.com', 'd@example.com'],
      replyTo: 'desk@example.com',
      headers: [/^From: "?Plant"? <line4@example\.com>$/m, /^Cc: c@example\.com$/m],
    },
  },
  {
    what: 'copies in the msg beside a To in the node',
    to: TO,
    msg: { topic: 't', payload: 'x', cc: 'c@example.com' },
    theirs: { recipients: [TO] },
    ours: { recipients: [TO, 'c@example.com'] },
  },
  {
    what: 'headers, references and the priority',
    to: TO,
    msg: {
      topic: 't',
      payload: 'x',
      headers: { 'X-Plant': 'north' },
      inReplyTo: '<1@example.com>',
      references: '<1@example.com>',
      priority: 'high',
    },
    both: {
      headers: [
        /^X-Plant: north$/m,
        /^In-Reply-To: <1@example\.com>$/m,
        /^References: <1@example\.com>$/m,
        /^X-Priority: 1/m,
      ],
    },
  },
  {
    what: 'an envelope of its own',
    to: TO,
    msg: { topic: 't', payload: 'x', envelope: { from: 'bounces@example.com', to: 'list@example.com' } },
    both: { from: 'bounces@example.com', recipients: ['list@example.com'] },
  },
  {
    what: 'a title in place of a topic',
    to: TO,
    subject: '{{topic}}{{^topic}}{{title}}{{/topic}}',
    msg: { title: 'News', payload: 'x' },
    both: { subject: 'News' },
  },
  {
    what: 'no subject at all',
    to: TO,
    msg: { payload: 'x' },
    theirs: { subject: 'Message from Node-RED' },
    ours: { subject: 'Plant' },
  },
  {
    what: 'plaintext beside HTML',
    to: TO,
    msg: { topic: 't', payload: '<p>rich</p>', plaintext: 'plain' },
    theirs: { text: 'plain' },
    ours: { text: 'rich' },
  },
  {
    what: 'the msg of a received mail, which is answered',
    to: TO,
    msg: { topic: 'Lunch', payload: 'x', header: { 'message-id': '<9@example.com>' } },
    theirs: { subject: 'Re: Lunch', headers: [/^In-Reply-To: <9@example\.com>$/m] },
    ours: { subject: 'Lunch' },
  },
];

function sameAs(mail: ReceivedMail, seen: Seen): void {
  const { parsed, envelope, raw } = mail;
  const head = raw.toString('latin1').split('\r\n\r\n')[0] ?? '';
  // What HTML made of a text has other spaces; a person does not see which.
  const plain = (text: string) =>
    text
      .replace(/[ \u00a0]+/g, ' ')
      .replace(/^ | $/gm, '')
      .trim();
  if (seen.subject !== undefined) assert.equal(parsed.subject, seen.subject);
  if (seen.from !== undefined) assert.equal(envelope.from, seen.from);
  if (seen.recipients) assert.deepEqual([...envelope.to].sort(), [...seen.recipients].sort());
  if (seen.html === false) assert.equal(parsed.html, false);
  else if (seen.html !== undefined) assert.equal(String(parsed.html).trim(), seen.html);
  if (seen.text instanceof RegExp) assert.match(plain(parsed.text ?? ''), seen.text);
  else if (seen.text !== undefined) assert.equal(plain(parsed.text ?? ''), seen.text);
  if (seen.replyTo !== undefined) assert.equal(parsed.replyTo?.value[0]?.address, seen.replyTo);
  if (seen.attachments) {
    const found = parsed.attachments.map(({ filename, content }) => [filename, content.toString('latin1')]);
    assert.deepEqual(found.sort(), seen.attachments.sort());
  }
  for (const header of seen.headers ?? []) assert.match(head.replace(/\r\n/g, '\n'), header);
}

/** The fields of the send-email node that takes the place of an e-mail node, step by step as the page says. */
function swapped(old: { to: string; subject?: string }): Record<string, unknown> {
  return {
    from: '',
    to: old.to,
    ...(old.subject === undefined ? {} : { subject: old.subject }),
    template: templateText('asIs', String),
    format: 'html',
    attach: 'buffers',
  };
}

describe('a flow built for node-red-node-email', () => {
  const opened = closedAfterEach();
  let inbox: Inbox;
  beforeEach(async () => {
    inbox = await opened(startInbox());
  });

  describe('with send-email in place of e-mail', () => {
    let red: NodeRed;
    before(async function () {
      this.timeout(30_000);
      red = await sharedNodeRed();
    });

    const moved = (old: { to: string; subject?: string }) =>
      mailFlow(red, {
        server: inbox,
        connector: { title: 'Plant' },
        properties: ['mail.from=plant@example.com'],
        sendEmail: swapped(old),
      });

    for (const { what, to = '', subject, msg, both = {}, ours = {} } of MOVED) {
      it(`sends ${what}`, async () => {
        const flow = moved({ to, ...(subject === undefined ? {} : { subject }) });
        await red.deploy(flow.nodes);
        await flow.send(msg);
        const mail = await inbox.nextMail();
        sameAs(mail, { ...both, ...ours });
        assert.equal((await flow.sent.next())['email'].status, 'sent');
      });
    }

    it('tells of a mail without a recipient', async () => {
      const flow = moved({ to: '' });
      await red.deploy(flow.nodes);
      await flow.send({ topic: 't', payload: 'x' });
      assert.equal((await flow.failed.next())['email'].error.code, 'NO_RECIPIENT');
      assert.match((await flow.caught.next())['error'].message, /recipient/i);
    });

    it('sends a mail without text for a msg without a payload', async () => {
      const flow = moved({ to: TO });
      await red.deploy(flow.nodes);
      await flow.send({ topic: 'Only a subject' });
      sameAs(await inbox.nextMail(), { subject: 'Only a subject', text: '' });
    });

    it('reads no file that a msg names unless a folder allows it, and sends the rest', async () => {
      const flow = moved({ to: TO });
      await red.deploy(flow.nodes);
      await flow.send({ topic: 't', payload: 'x', attachments: [{ path: path.join(ROOT, 'package.json') }] });
      sameAs(await inbox.nextMail(), { text: 'x', attachments: [] });
      const { email } = await flow.sent.next();
      assert.equal(email.skippedAttachments[0].filename, 'package.json');
    });
  });

  describe('as that node sends it', () => {
    let red: NodeRed;
    let userDir: string;
    before(async function () {
      this.timeout(30_000);
      if (!existsSync(THEIRS)) {
        console.log(`      skipped: there is no ${path.relative(ROOT, THEIRS)}`);
        this.skip();
      }
      userDir = await mkdtemp(path.join(tmpdir(), 'moving-'));
      await mkdir(path.join(userDir, 'node_modules'));
      await symlink(THEIRS, path.join(userDir, 'node_modules', 'node-red-node-email'), 'junction');
      red = await startNodeRed({ userDir });
    });
    after(async () => {
      await red?.stop();
      if (userDir) await rm(userDir, { recursive: true, force: true });
    });

    for (const { what, to = '', msg, both = {}, theirs = {} } of MOVED) {
      it(`is ${what}`, async () => {
        const nodes: FlowNode[] = [
          { id: 'e0', type: 'tab', label: 'before' },
          { id: 'e1', type: 'probe-in', z: 'e0', wires: [['e2']] },
          {
            id: 'e2',
            type: 'e-mail',
            z: 'e0',
            name: to,
            server: inbox.host,
            port: String(inbox.port),
            authtype: 'NONE',
            secure: false,
            tls: false,
            credentials: { userid: 'plant@example.com' },
            wires: [],
          },
        ];
        await red.deploy(nodes);
        await red.send('e1', msg);
        sameAs(await inbox.nextMail(), { ...both, ...theirs });
      });
    }
  });
});
