import assert from 'node:assert/strict';
import { inLanguage } from '../../../nodes/language/language';
import { createFormats, isTimeZone } from '../../../nodes/mail/template/formats';

describe('Times', () => {
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
    it(`have the offset of ${tz}, named or that of the machine`, () => {
      const time = Date.UTC(2026, 6, 1, 12, 0, 0, 5);
      assert.equal(createFormats(tz).iso(time), expected);
      process.env.TZ = tz;
      assert.equal(createFormats('').iso(time), expected);
      assert.equal(Date.parse(createFormats('').iso(time)), time - (time % 1000));
    });
  }

  it('have the offset of their own moment, on both sides of a change of the clocks', () => {
    const { iso } = createFormats('Europe/Berlin');
    assert.equal(iso(Date.UTC(2026, 9, 25, 0, 59, 59)), '2026-10-25T02:59:59+02:00');
    assert.equal(iso(Date.UTC(2026, 9, 25, 1, 0, 0)), '2026-10-25T02:00:00+01:00');
    assert.equal(iso(Date.UTC(2026, 2, 29, 0, 59, 59)), '2026-03-29T01:59:59+01:00');
    assert.equal(iso(Date.UTC(2026, 2, 29, 1, 0, 0)), '2026-03-29T03:00:00+02:00');
  });

  it('are in the language of Node-RED', () => {
    const { of } = createFormats('Europe/Berlin');
    const at = new Date(Date.UTC(2026, 10, 26, 16, 8, 21));
    assert.equal(
      inLanguage('de', () => of(at, 'weekday')),
      'Donnerstag',
    );
    assert.equal(
      inLanguage('de', () => of(at, 'local')),
      '26.11.2026, 17:08:21',
    );
    assert.equal(
      inLanguage('de', () => of(1234.5, 'local')),
      '1.234,5',
    );
    assert.equal(of(new Date(NaN), 'local'), undefined);
    assert.equal(of(at, 'constructor'), undefined);
  });

  it('know the zones of the platform', () => {
    for (const name of ['', 'UTC', 'Europe/Berlin', 'America/Argentina/Buenos_Aires'])
      assert.ok(isTimeZone(name), name);
    for (const name of ['Berlin', 'Europe/Nowhere', '+01:00', 'CEST?', '1'])
      assert.ok(!isTimeZone(name), name);
  });
});
