import assert from 'node:assert/strict';
import { readHeaders, readPriority } from '../../nodes/mail/headers';
import { MailError } from '../../nodes/types';

describe('msg.headers', () => {
  it('are honoured, a list as several fields of one name', () => {
    const { headers, warnings } = readHeaders({
      headers: { 'X-Ticket': 42, 'X-Tag': ['a', 'b'], 'X-None': undefined },
    });
    assert.deepEqual(headers, [
      { key: 'X-Ticket', value: '42' },
      { key: 'X-Tag', value: 'a' },
      { key: 'X-Tag', value: 'b' },
    ]);
    assert.deepEqual(warnings, []);
  });

  it('cannot stand for a field that the mail node writes itself', () => {
    for (const name of [
      'From',
      'TO',
      'cc',
      'Bcc',
      'Sender',
      'Reply-To',
      'Subject',
      'Date',
      'message-id',
      'MIME-Version',
      'Content-Type',
      'Content-Transfer-Encoding',
      'Auto-Submitted',
      'X-Auto-Response-Suppress',
      'Return-Path',
      'Received',
      'DKIM-Signature',
    ]) {
      const { headers, warnings } = readHeaders({ headers: { [name]: 'x' } });
      assert.deepEqual(headers, []);
      assert.equal(warnings.length, 1);
      assert.ok(warnings[0]?.includes(name));
    }
  });

  it('of an HTTP request or response are left out in silence', () => {
    for (const http of [{ req: {} }, { statusCode: 200 }]) {
      const { headers, warnings } = readHeaders({
        headers: { 'content-type': 'x', 'x-powered-by': 'y\n' },
        ...http,
      });
      assert.deepEqual([headers, warnings], [[], []]);
    }
  });

  for (const [title, headers, named] of [
    ['a line break in a value', { 'X-A': 'a\r\nBcc: evil@x.com' }, 'X-A'],
    ['a line break in a value of a list', { 'X-A': ['ok', 'a\nb'] }, 'X-A'],
    ['a control character', { 'X-A': 'a\u0000' }, 'X-A'],
    ['a line break in a name', { 'X-A\r\nBcc': 'x' }, 'X-A\\r\\nBcc'],
    ['a colon in a name', { 'X-A: b': 'x' }, 'X-A: b'],
    ['an empty name', { '': 'x' }, '""'],
    ['a name outside ASCII', { 'X-Größe': 'x' }, 'X-Größe'],
    ['an object as a value', { 'X-A': { prepared: true, value: 'a\r\nb' } }, 'X-A'],
    ['a word that fits on no line', { 'X-A': 'x'.repeat(999) }, 'X-A'],
    ['a value without end', { 'X-A': 'x '.repeat(6000) }, 'X-A'],
  ] as const) {
    it(`are refused with ${title}`, () => {
      assert.throws(
        () => readHeaders({ headers }),
        (error) => error instanceof MailError && error.code === 'BAD_HEADER' && error.message.includes(named),
      );
    });
  }

  it('that are no object are left out with a warning', () => {
    assert.match(readHeaders({ headers: 'X-A: b' }).warnings.join(), /no object/);
  });
});

describe('msg.inReplyTo and msg.references', () => {
  it('are honoured', () => {
    const { inReplyTo, references } = readHeaders({ inReplyTo: '<a@x>', references: ['<a@x>', '<b@x>'] });
    assert.equal(inReplyTo, '<a@x>');
    assert.equal(references, '<a@x> <b@x>');
  });

  it('are refused with a line break', () => {
    assert.throws(() => readHeaders({ inReplyTo: '<a@x>\r\nBcc: e@x' }), /msg\.inReplyTo.*line break/);
    assert.throws(() => readHeaders({ references: ['<a@x>', '<b\n@x>'] }), /msg\.references.*line break/);
  });

  it('that are no text are left out with a warning', () => {
    const { inReplyTo, warnings } = readHeaders({ inReplyTo: 7 });
    assert.equal(inReplyTo, undefined);
    assert.match(warnings.join(), /msg\.inReplyTo/);
  });
});

describe('msg.priority', () => {
  it('overrides the field', () => {
    assert.deepEqual(readPriority({ priority: 'High' }, 'low'), { priority: 'high', warnings: [] });
    assert.deepEqual(readPriority({}, 'low'), { priority: 'low', warnings: [] });
  });

  it('is left out with a warning when it is none', () => {
    const { priority, warnings } = readPriority({ priority: 1 }, 'low');
    assert.equal(priority, 'low');
    assert.match(warnings.join(), /msg\.priority is "1".*low/);
  });
});
