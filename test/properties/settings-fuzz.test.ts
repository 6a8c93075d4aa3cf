import assert from 'node:assert/strict';
import { sentence, summary } from '../../nodes/properties/summary';
import type { Finding, SmtpSettings } from '../../nodes/properties/settings';
import { REAL_SETS } from './real-sets';
import { settingsOf } from '../builders';

const MUTATIONS = 10_000;
const PASSWORD = 'zq7-Kp+w9/secret';

const PIECES = [
  ...[
    '=',
    ':',
    '\\',
    '\n',
    '\r',
    '\r\n',
    ' ',
    '\t',
    '\f',
    '#',
    '!',
    '"',
    ',',
    ';',
    '${',
    '}',
    '${HOST}',
    '\\u',
    '\\u0041',
  ],
  ...[
    '\\n',
    '\u0000',
    '\u00a0',
    '\ufeff',
    '\ud800',
    '//',
    '<',
    '>',
    '@',
    '[',
    ']',
    '*',
    '-1',
    '465',
    'true',
    'false',
  ],
  ...[
    'mail.smtp.',
    'mail.smtps.',
    'spring.mail.',
    '-D',
    'props.put("',
    '.put("mail.smtp.password", "',
    '<entry key="mail.',
  ],
  ...['mail.transport.protocol=smtps\n', 'mail.smtp.host=', 'mail.smtp.user=', 'mail.smtp.proxy.password='],
  PASSWORD,
  `smtp://me:${PASSWORD}@smtp.example.com`,
];

/** Marsaglia's xorshift32: the same mutations in every run. */
function seeded(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % below;
  };
}

function mutated(text: string, random: (below: number) => number): string {
  let result = text;
  for (let left = 1 + random(6); left > 0; left -= 1) {
    const at = random(result.length + 1);
    const cut = random(3) === 0 ? random(12) : 0;
    const piece = random(5) === 0 ? '' : (PIECES[random(PIECES.length)] ?? '');
    result = result.slice(0, at) + piece + result.slice(at + cut);
  }
  return result;
}

/** What a text says when continued lines are joined and escapes replaced: an independent, coarse reading of it. */
function unescaped(text: string): string {
  return text.replace(
    /\\(?:u([0-9a-fA-F]{4})|(?:\r\n|\r|\n)[ \t\f]*|([^]))/g,
    (_, hex?: string, plain?: string) =>
      hex === undefined ? (plain ?? '') : String.fromCharCode(parseInt(hex, 16)),
  );
}

describe('settings from mutated texts', () => {
  let results: { text: string; settings: SmtpSettings | null; findings: Finding[] }[];

  before(() => {
    const random = seeded(20_240_601);
    results = Array.from({ length: MUTATIONS }, () => {
      const set = REAL_SETS[random(REAL_SETS.length)];
      const text = mutated(set?.lines.join('\n') ?? '', random);
      // Throws when the reading throws: the first thing to prove.
      const { settings, errors, warnings } = settingsOf(text, { password: PASSWORD });
      assert.equal(settings === null, errors.length > 0, text);
      return { text, settings, findings: [...errors, ...warnings] };
    });
  });

  it(`are good or have errors, and have a host that is in the text, in ${MUTATIONS} mutations`, () => {
    let good = 0;
    for (const { text, settings } of results) {
      if (settings === null) continue;
      good += 1;
      const { host, port } = settings;
      assert.ok(unescaped(text).includes(host), `${host} is not in ${JSON.stringify(text)}`);
      assert.match(host, /^[\w.:-]+$/);
      assert.ok(port >= 1 && port <= 65535);
    }
    // Some must have been good, or this proves nothing.
    assert.ok(good > MUTATIONS / 20, `${good} of ${MUTATIONS} were good`);
  });

  it('never let a password travel in clear text', () => {
    for (const { text, settings } of results) {
      if (settings?.auth == null) continue;
      const { security, proxy, host } = settings;
      const encrypted = security === 'implicit' || security === 'required';
      const local = proxy === null && /^(?:localhost\.?|127\.\d+\.\d+\.\d+|::1)$/i.test(host);
      assert.ok(encrypted || local, `${sentence(settings)} from ${JSON.stringify(text)}`);
    }
  });

  it('never show the password', () => {
    for (const { text, settings, findings } of results) {
      const shown = [JSON.stringify(findings)];
      // A password that the text itself uses as a host or a name is no secret of the connector any more.
      if (settings !== null && !text.includes(PASSWORD)) {
        shown.push(JSON.stringify(summary(settings)), sentence(settings));
      }
      for (const words of shown) {
        assert.ok(!words.includes(PASSWORD), `${words} from ${JSON.stringify(text)}`);
      }
    }
  });
});

describe('a secret in the wrong place', () => {
  for (const text of [
    `mail.smtp.host=h mail.smtp.password=${PASSWORD}x`,
    `mail.smtp.host=smtp://me:${PASSWORD}x@smtp.example.com`,
    `mail.smtp.host=h\nprops.put("mail.smtp.password","${PASSWORD}x");`,
    `props.put("mail.smtp.host","h");\nprops.put("mail.smtp.password","${PASSWORD}x");`,
    `mail.smtp.host=h\n${PASSWORD}x`,
    `mail.smtp.host=h\nmail.password=${PASSWORD}x`,
    `mail.smtp.host=h\nmail.smtp.proxy.password=${PASSWORD}x\\n`,
    `-Dmail.smtp.password=${PASSWORD}x -Dmail.smtp.host=h`,
    `spring.mail.host=h\nspring.mail.password=${PASSWORD}x`,
    `mail:\n  smtp:\n    host: h\n    password: ${PASSWORD}x`,
    `<entry key="mail.smtp.host">h</entry><entry key="mail.smtp.password">${PASSWORD}x</entry>`,
  ]) {
    it(`is not repeated: ${JSON.stringify(text.replace(PASSWORD, '…'))}`, () => {
      // The connector does not know this password: it is recognised by its place.
      const { errors, warnings } = settingsOf(text, { password: 'another' });
      assert.ok(errors.length + warnings.length > 0);
      assert.doesNotMatch(JSON.stringify([errors, warnings]), /zq7-Kp/);
    });
  }

  it('is not repeated when an environment variable holds it', () => {
    const { errors } = settingsOf('mail.smtp.host=h\nmail.smtp.port=${SECRET}', { env: () => PASSWORD });
    assert.ok(errors.some(({ code }) => code === 'PORT_INVALID'));
    assert.ok(!JSON.stringify(errors).includes(PASSWORD));
  });
});
