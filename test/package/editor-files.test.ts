import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { DEFAULT_PROPERTIES } from '../../nodes/connector/config';
import { MAIL_DEFAULTS } from '../../nodes/mail/config';
import { build, definition, flatten, page, read, readJson, ROOT, TYPES, type NodeType } from './dist';

const DEFAULTS: Record<NodeType, Record<string, unknown>> = {
  'email-server-connector': {
    title: '',
    properties: DEFAULT_PROPERTIES,
    autostart: true,
    connections: 2,
    rateLimit: 0,
    ratePeriod: 'minute',
    outbox: 'disk',
    outboxLimit: 10000,
    retryHours: 24,
    allowInsecureAuth: false,
    allowedRecipients: '',
    redirectTo: '',
    authType: 'password',
    oauthProvider: 'microsoft',
    oauthGrant: 'authorization_code',
    oauthTenant: '',
    oauthClientId: '',
    oauthScope: '',
    oauthAuthUrl: '',
    oauthTokenUrl: '',
    oauthDeviceUrl: '',
    tls: '',
  },
  'send-email': { name: '', server: '', ...MAIL_DEFAULTS, attach: false },
};

/** Keys that a form asks for: data-i18n="key", or "[attribute]key;[attribute]key". */
function keysOfForm(form: string): string[] {
  const attributes = [...form.matchAll(/data-i18n="([^"]+)"/g)].map(([, value]) => value as string);
  return attributes.flatMap((value) => value.split(';').map((key) => key.replace(/^\[\w+\]/, '')));
}

function ownKeys(form: string): string[] {
  return keysOfForm(form).filter((key) => !key.startsWith('node-red:'));
}

function catalogue(type: NodeType): Map<string, string> {
  return flatten(readJson('dist', 'locales', 'en-US', `${type}.json`));
}

/** A field of send-email as the editor knows it. */
function field(name: string) {
  const found = definition('send-email').defaults[name];
  assert.ok(found, name);
  return found;
}

/** The runtime and editor sources that may look a text up. */
function sources(): string {
  const files = readdirSync(path.join(ROOT, 'nodes'), { recursive: true, encoding: 'utf8' });
  return files
    .filter((file) => file.endsWith('.ts'))
    .map((file) => readFileSync(path.join(ROOT, 'nodes', file), 'utf8'))
    .join('\n');
}

describe('editor files', function () {
  this.timeout(120_000);
  before(build);

  for (const type of TYPES) {
    describe(type, () => {
      it('has one script, which registers the type by its literal name', () => {
        const { html, script } = page(type);
        assert.equal(html.match(/<script type="text\/javascript"/g)?.length, 1);
        assert.match(script, new RegExp(`RED\\.nodes\\.registerType\\("${type}", \\{`));
        assert.equal(definition(type).name, type);
      });

      it('has the defaults of the runtime', () => {
        const { defaults } = definition(type);
        const values = Object.entries(defaults).map(([name, { value }]) => [name, value]);
        assert.deepEqual(Object.fromEntries(values), DEFAULTS[type]);
      });

      it('has an input for every property and credential', () => {
        const { defaults, credentials = {} } = definition(type);
        const prefix = type === 'send-email' ? 'node-input' : 'node-config-input';
        for (const name of [...Object.keys(defaults), ...Object.keys(credentials)]) {
          assert.match(
            page(type).form,
            new RegExp(`<(input|select|textarea)[^>]* id="${prefix}-${name}"`),
            name,
          );
        }
      });

      it('ties every label to an input', () => {
        const { form } = page(type);
        for (const [label] of form.matchAll(/<label[^>]*>/g)) {
          const id = /for="([^"]+)"/.exec(label)?.[1];
          assert.ok(id, `${label} has no for`);
          assert.match(form, new RegExp(`<(input|select|textarea)[^>]* id="${id}"`), label);
        }
      });

      it('takes every colour from the theme', () => {
        const { style, form } = page(type);
        assert.doesNotMatch(style + form, /#[0-9a-f]{3,8}\b(?=[;"\s])|rgba?\(|hsla?\(/i);
      });

      it('shows only texts that en-US has', () => {
        const known = catalogue(type);
        const wanted = ownKeys(page(type).form);
        assert.ok(wanted.length > 10);
        assert.deepEqual(
          wanted.filter((key) => !known.has(key)),
          [],
        );
      });

      it('writes no text into the form itself', () => {
        const visible = page(type).form.replace(/<[^>]+>/g, '');
        assert.equal(visible.trim(), '');
      });

      it('has no text in en-US that nothing shows', () => {
        const shown = new Set(ownKeys(page(type).form));
        const code = sources();
        const unused = [...catalogue(type).keys()].filter((key) => {
          const group = key.slice(0, key.lastIndexOf('.') + 1);
          const named = code.includes(`'${key}'`) || code.includes(`\`${group}\${`);
          return !named && !shown.has(key);
        });
        assert.deepEqual(unused, []);
      });

      it('looks up only texts that en-US has', () => {
        const known = catalogue(type);
        const code = read('nodes', `${type}.ts`);
        const wanted = [...code.matchAll(/RED\._\(\s*'([^':]+)'/g)].map(([, key]) => key as string);
        assert.deepEqual(
          wanted.filter((key) => !known.has(key)),
          [],
        );
      });

      it('has its help', () => {
        const help = read('dist', 'locales', 'en-US', `${type}.html`);
        assert.match(help, new RegExp(`<script type="text/html" data-help-name="${type}">\\s*<p>`));
        assert.doesNotMatch(help, /<\/?(b|i|h1|h2)>/);
      });
    });
  }

  it('the connector asks for its credentials, the password hidden', () => {
    const hidden = { type: 'password' };
    const expected = {
      username: { type: 'text' },
      password: hidden,
      clientSecret: hidden,
      refreshToken: hidden,
      serviceAccountKey: hidden,
    };
    assert.deepEqual(JSON.parse(JSON.stringify(definition('email-server-connector').credentials)), expected);
  });

  it('send-email has two labelled outputs', () => {
    const def = definition('send-email');
    assert.equal(def.outputs, 2);
    assert.deepEqual([def.outputLabels(0), def.outputLabels(1)], ['sent', 'failed or ignored']);
  });

  it('send-email is labelled by its name, else its recipients, else its type', () => {
    const labelOf = (node: object) => definition('send-email').label.call(node);
    assert.equal(labelOf({ name: 'Alarm', to: 'a@example.com' }), 'Alarm');
    assert.equal(labelOf({ name: '', to: 'a@example.com' }), 'a@example.com');
    assert.equal(labelOf({ name: '', to: '' }), 'send-email');
    assert.equal(labelOf({ name: '', to: 'owner', toType: 'msg' }), 'msg.owner');
    assert.equal(labelOf({ name: '', to: '#:(disk)::owner', toType: 'flow' }), 'flow[disk].owner');
  });

  it('a field that names a value must name one, and a template may be empty', () => {
    const { validate, label } = field('to');
    const verdict = (to: string, toType?: string) => validate.call({ id: 'n', to, toType }, to, { label });
    assert.deepEqual(
      [verdict(''), verdict('{{x}} y', 'str'), verdict('owner', 'msg'), verdict('#:(disk)::x', 'flow')],
      [true, true, true, true],
    );
    assert.equal(verdict('', 'msg'), 'To: must name where the value is, or be of the type template');
    assert.equal(verdict('a b', 'msg'), 'To: no msg');
  });

  it('a number out of range is refused with the label and the range', () => {
    const { validate, label } = field('batchSize');
    assert.equal(validate.length, 2, 'the editor shows reasons of validators with two parameters only');
    assert.equal(
      validate.call({}, '1001', { label }),
      'Events per mail: must be a whole number from 1 to 1000',
    );
    assert.equal(validate.call({}, '1000', { label }), true);
  });

  it('the attachment folder is required only when files are attached', () => {
    const { validate, label } = field('attachFolder');
    assert.equal(
      validate.call({ id: 'n', attach: true }, '', { label }),
      'Only from folder: must not be empty',
    );
    assert.equal(validate.call({ id: 'n', attach: true }, '/data', { label }), true);
    assert.equal(validate.call({ id: 'n', attach: false }, '', { label }), true);
  });

  it('the attachment property must be one when files are attached', () => {
    const { validate } = field('attachProperty');
    assert.equal(validate.call({ id: 'n', attach: true }, 'a b', {}), 'must be the name of a msg property');
    assert.equal(validate.call({ id: 'n', attach: true }, 'payload.file', {}), true);
    assert.equal(validate.call({ id: 'n', attach: false }, 'a b', {}), true);
  });

  it('the help of send-email explains every field of msg.email', () => {
    const help = read('dist', 'locales', 'en-US', 'send-email.html');
    const types = read('nodes', 'types.ts');
    const result = /interface EmailResult \{([^}]+)\}/.exec(types)?.[1] ?? '';
    const fields = [...result.matchAll(/^ {2}(\w+)\??:/gm)].map(([, name]) => name as string);
    assert.ok(fields.length > 15);
    for (const field of fields) assert.match(help, new RegExp(`<dt[^>]*>[^<]*\\b${field}\\b`), field);
  });

  it('the icon is an svg of 40 by 60, white on nothing', () => {
    const icon = read('dist', 'icons', definition('send-email').icon);
    assert.match(icon, /^<svg [^>]*viewBox="0 0 40 60"/);
    assert.deepEqual(
      [...icon.matchAll(/fill="([^"]+)"/g)].map(([, fill]) => fill),
      ['#fff'],
    );
  });
});
