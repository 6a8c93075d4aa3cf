import assert from 'node:assert/strict';
import type { Transport } from '../../nodes/smtp/transport';
import { startFaultServer, type FaultServer } from '../servers/fault-server';
import { at, reply, type Script } from '../servers/fault-script';
import { newMail, transportTo } from '../builders';

const WITHOUT = ['PIPELINING', '8BITMIME', 'ENHANCEDSTATUSCODES'];
const HEAD = [
  'From: me@x.test',
  'To: "Jörg, Süd" <jörg@example.com>, a@x.test,',
  ' =?UTF-8?Q?J=C3=B6rg?= <用户@example.com>',
  'Cc: jörg@example.com',
  'Subject: =?UTF-8?Q?J=C3=B6rg?=',
].join('\r\n');

describe('addresses outside of ASCII', () => {
  let server: FaultServer;
  let transport: Transport;
  afterEach(async () => {
    transport.close();
    await server.close();
  });

  async function open(capabilities?: string[], property = '', script?: Script): Promise<void> {
    server = await startFaultServer({
      keepBodies: true,
      ...(capabilities && { capabilities }),
      ...(script && { script }),
    });
    transport = transportTo(server, { properties: [property] });
  }

  function deliver(to: string[], from = 'me@x.test', head = HEAD) {
    const bytes = Buffer.from(`${head}\r\n\r\nGrüße\r\n`);
    const mail = {
      ...newMail(to, { source: bytes }),
      envelope: { from, to },
      // A piece ends within a word of the header.
      open: () => [bytes.subarray(0, 40), bytes.subarray(40)],
    };
    return transport.deliver(mail, to, {
      signal: new AbortController().signal,
      aboutToSendDot: () => Promise.resolve(),
    });
  }
  const received = () => server.ledger.items.at(-1)?.body?.toString() ?? '';

  it('are refused with words at a server without SMTPUTF8, and the others get the mail', async () => {
    await open(WITHOUT);
    const { accepted, refused, failure } = await deliver(['jörg@example.com', 'a@x.test']);
    assert.deepEqual([accepted, failure], [['a@x.test'], undefined]);
    assert.deepEqual(
      refused.map(({ address, failure: why }) => [address, why.permanent, why.error.code]),
      [['jörg@example.com', true, 'RECIPIENT']],
    );
    assert.match(refused[0]?.failure.error.message ?? '', /SMTPUTF8.*jörg@example\.com/);
    const [header = ''] = received().split('\r\n\r\n');
    // eslint-disable-next-line no-control-regex
    assert.match(header, /^[\x00-\x7f]*$/);
    const group = (address: string) => `=?UTF-8?B?${Buffer.from(address).toString('base64')}?= :;`;
    assert.ok(
      header.includes(`To: ${group('jörg@example.com')},\r\n a@x.test,\r\n ${group('用户@example.com')}`),
      header,
    );
    assert.ok(header.includes(`Cc: ${group('jörg@example.com')}`));
    assert.match(received(), /Grüße/);
  });

  it('are refused alone, and the connection serves the next mail', async () => {
    await open(WITHOUT);
    const { accepted, refused } = await deliver(['jörg@example.com']);
    assert.deepEqual([accepted, refused.length], [[], 1]);
    assert.deepEqual((await deliver(['a@x.test'], 'me@x.test', 'Subject: x')).accepted, ['a@x.test']);
    assert.equal(server.connections.total, 1);
  });

  it('of a sender end the mail', async () => {
    await open(WITHOUT);
    const { failure } = await deliver(['a@x.test'], 'jörg@example.com');
    assert.deepEqual([failure?.scope, failure?.permanent, failure?.error.code], ['message', true, 'SENDER']);
  });

  it('are refused alone, also when the server takes one recipient at a time', async () => {
    await open([...WITHOUT, 'LIMITS RCPTMAX=1']);
    await deliver(['a@x.test'], 'me@x.test', 'Subject: x');
    const { accepted, refused, left } = await deliver(['jörg@example.com', 'a@x.test', 'b@x.test']);
    assert.deepEqual([accepted, refused.map(({ address }) => address)], [[], ['jörg@example.com']]);
    assert.deepEqual(left, ['a@x.test', 'b@x.test']);
  });

  it('are asked again with the others when these were too many', async () => {
    await open(WITHOUT, '', at('dot', reply('554 5.5.3 Too many recipients')));
    const { accepted, refused, left } = await deliver(['jörg@example.com', 'a@x.test', 'b@x.test']);
    assert.deepEqual([accepted, refused], [[], []]);
    assert.deepEqual(left?.sort(), ['a@x.test', 'b@x.test', 'jörg@example.com']);
  });

  it('stay out of the header whomever the mail is for', async () => {
    const head = 'From: me@x.test\r\nReply-To: jörg@example.com\r\nSubject: x';
    await open(WITHOUT);
    assert.deepEqual((await deliver(['a@x.test'], 'me@x.test', head)).accepted, ['a@x.test']);
    // eslint-disable-next-line no-control-regex
    assert.match(received().split('\r\n\r\n')[0] ?? '', /^[\x00-\x7f]*$/);
    assert.match(received(), /^From: me@x\.test\r\nReply-To: =\?UTF-8/);
  });

  it('stay out of the header of a mail that was not announced as SMTPUTF8', async () => {
    await open();
    await deliver(['a@x.test'], 'me@x.test', 'Reply-To: jörg@example.com\r\nSubject: x');
    assert.match(received(), /^Reply-To: =\?UTF-8\?B\?.*:;\r\nSubject: x\r\n\r\nGrüße/);
  });

  it('of a sender end the mail, whatever mail.smtp.from says', async () => {
    await open(WITHOUT, 'mail.smtp.from=bounces@x.test');
    const { failure } = await deliver(['a@x.test'], 'jörg@example.com');
    assert.deepEqual([failure?.error.code, failure?.error.command], ['SENDER', 'MAIL FROM']);
    assert.equal(server.ledger.items.length, 0);
  });

  it('are sent as they are where the server takes them', async () => {
    await open();
    const { accepted } = await deliver(['jörg@example.com', 'a@x.test'], 'jörg@example.com');
    assert.deepEqual(accepted, ['jörg@example.com', 'a@x.test']);
    assert.ok(received().includes('Cc: jörg@example.com'));
  });
});
