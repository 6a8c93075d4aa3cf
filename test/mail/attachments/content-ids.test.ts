import assert from 'node:assert/strict';
import { simpleParser } from 'mailparser';
import { compose } from '../../../nodes/mail/compose';
import { readConfig } from '../../../nodes/mail/config';
import { buildContent } from '../../../nodes/mail/content';
import { compileMessage, prepareEvent } from '../../../nodes/mail/message';

/** The parts and the HTML of a mail whose events bring a picture each. */
async function mailOf(template: string, pictures: { cid: string; content: string }[], format = 'html') {
  const { message } = compileMessage(readConfig({ to: 'a@x.test', template, format }).config);
  assert.ok(message);
  const circumstances = { externals: {}, connector: 'Alerts', now: 0, username: 'f@x.test' };
  const events = pictures.map(({ cid, content }, i) => ({
    ...prepareEvent(message, { topic: `${i}`, payload: cid }, circumstances).event,
    attachments: [{ filename: `${i}.png`, content: Buffer.from(content), contentType: 'image/png', cid }],
  }));
  const content = buildContent(message, events, { connector: 'Alerts', now: 0 });
  const mail = compose(content, { messageId: '<1@x.test>', date: 0 });
  const source = Buffer.concat([...mail.open()]);
  const { attachments } = await simpleParser(source, { skipImageLinks: true });
  return {
    html: content.html ?? '',
    source: source.toString('latin1'),
    parts: attachments.map(
      (part) => [part.cid, part.content.toString(), part.contentDisposition, part.related === true] as const,
    ),
  };
}

describe('Pictures of one mail', () => {
  const two = [
    { cid: 'chart', content: 'one' },
    { cid: 'chart', content: 'two' },
  ];

  it('with the same name are each event’s own, and its references follow', async () => {
    for (const template of [
      '<img src="cid:chart">',
      '{{#events}}<img src="cid:chart">{{/events}}',
      "{{#events}}<img src='cid:{{payload}}'>{{/events}}",
    ]) {
      const { html, parts } = await mailOf(template, two);
      const names = [...html.matchAll(/cid:([\w-]+)/g)].map(([, name]) => name);
      assert.deepEqual(names, ['chart', 'chart-2']);
      assert.deepEqual(
        parts.map(([cid, content]) => [cid, content]),
        [
          ['chart', 'one'],
          ['chart-2', 'two'],
        ],
      );
    }
  });

  it('that are the same are there once', async () => {
    const { html, parts } = await mailOf('<img src="cid:logo">', [
      { cid: 'logo', content: 'same' },
      { cid: 'logo', content: 'same' },
    ]);
    assert.equal(html, '<img src="cid:logo"><img src="cid:logo">');
    assert.equal(parts.length, 1);
  });

  it('that the HTML does not show are files', async () => {
    const { parts } = await mailOf('no picture', two);
    assert.deepEqual(
      parts.map(([cid, content, disposition, related]) => [cid, content, disposition, related]),
      [
        [undefined, 'one', 'attachment', false],
        [undefined, 'two', 'attachment', false],
      ],
    );
    assert.equal((await mailOf('{{event}}', two, 'text')).parts.length, 2);
  });

  it('get a name that a header can carry', async () => {
    for (const cid of ['bild-ü', 'a b', 'x>y']) {
      const { html, parts, source } = await mailOf(`<img src="cid:{{payload}}">`, [{ cid, content: 'one' }]);
      assert.equal(html, '<img src="cid:picture">', cid);
      assert.deepEqual(
        parts.map(([name]) => name),
        ['picture'],
      );
      assert.doesNotMatch(source, /[\x80-\xff]/);
    }
    const encoded = await mailOf('<img src="cid:bild-%C3%BC">', [{ cid: 'bild-ü', content: 'one' }]);
    assert.equal(encoded.html, '<img src="cid:picture">');
  });

  it('keep a name with a domain', async () => {
    const { html, parts } = await mailOf('<img src="cid:a@b.test">', [
      { cid: 'a@b.test', content: '1' },
      { cid: 'a@b.test', content: '2' },
    ]);
    assert.equal(html, '<img src="cid:a@b.test"><img src="cid:a-2@b.test">');
    assert.equal(parts[1]?.[0], 'a-2@b.test');
  });
});
