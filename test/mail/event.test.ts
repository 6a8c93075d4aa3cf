import assert from 'node:assert/strict';
import { errorText, eventView, isoLocal, mailScope } from '../../nodes/mail/event';
import { lookUp } from '../../nodes/mail/scope';

function view(msg: Record<string, unknown>, index = 1) {
  return eventView({ msg, arrivedAt: 0, externals: {}, skippedAttachments: [] }, index);
}

describe('An event', () => {
  it('has the properties of its msg, and index, event, error and time over them', () => {
    const { index, event, error, time, topic, ...rest } = view(
      { topic: 't', payload: { a: 1 }, index: 'msg', time: 'msg' },
      3,
    );
    assert.deepEqual({ index, event, error, topic }, { index: 3, event: '{"a":1}', error: '', topic: 't' });
    assert.equal(time, isoLocal(0));
    assert.deepEqual(rest.payload, { a: 1 });
  });

  it('shows the error of a Catch node by its message, and a text as it is', () => {
    assert.equal(view({ error: { message: 'no flow', source: { id: 'n1' } } }).error, 'no flow');
    assert.equal(view({ error: 'broken' }).error, 'broken');
    assert.equal(view({ error: new Error('bad') }).error, 'bad');
    assert.equal(view({ error: { code: 7 } }).error, '{"code":7}');
  });

  it('says in its error which attachments are missing and why', () => {
    const skipped = [
      { filename: 'a.pdf', reason: 'the file does not exist.' },
      { filename: 'b.mp4', reason: 'it has 48 MB.' },
    ];
    assert.equal(
      errorText(undefined, skipped),
      'Not attached: a.pdf: the file does not exist. Not attached: b.mp4: it has 48 MB.',
    );
    assert.match(errorText('no flow', skipped), /^no flow \| Not attached: a\.pdf/);
    assert.doesNotMatch(errorText('no flow', skipped), /\n/, 'it can stand in a subject');
  });
});

describe('isoLocal', () => {
  const zone = process.env.TZ;
  afterEach(() => {
    if (zone === undefined) delete process.env.TZ;
    else process.env.TZ = zone;
  });

  for (const [tz, expected] of [
    ['UTC', '2026-07-01T12:00:00+00:00'],
    ['Europe/Berlin', '2026-07-01T14:00:00+02:00'],
    ['America/St_Johns', '2026-07-01T09:30:00-02:30'],
    ['Asia/Kolkata', '2026-07-01T17:30:00+05:30'],
  ] as const) {
    it(`writes the offset of ${tz}`, () => {
      process.env.TZ = tz;
      const time = Date.UTC(2026, 6, 1, 12, 0, 0, 5);
      assert.equal(isoLocal(time), expected);
      assert.equal(Date.parse(isoLocal(time)), time - (time % 1000));
    });
  }
});

describe('The scope of a mail', () => {
  const views = [view({ topic: 'a', count: 'msg' }), view({ topic: 'b' }, 2)];
  const scope = mailScope(views, { connector: 'Alerts', now: 1000 });

  it('has the properties of the first event', () => {
    assert.equal(lookUp(scope, 'topic'), 'a');
    assert.equal(lookUp(scope, 'index'), 1);
  });

  it('has events, count, first, last, now and connector over them', () => {
    assert.equal(lookUp(scope, 'events'), views);
    assert.equal(lookUp(scope, 'count'), 2);
    assert.equal(lookUp(scope, 'first.topic'), 'a');
    assert.equal(lookUp(scope, 'last.topic'), 'b');
    assert.equal(lookUp(scope, 'now'), isoLocal(1000));
    assert.equal(lookUp(scope, 'connector'), 'Alerts');
  });
});
