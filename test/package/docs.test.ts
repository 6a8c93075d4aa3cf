import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { classifyFailure } from '../../nodes/failures/classify';
import { AMBIGUOUS, RULES, STOPPED, UNKNOWN } from '../../nodes/failures/rules';
import { replaceBetweenMarkers } from '../../scripts/properties-table';
import {
  login,
  message,
  nodemailerError,
  recipient,
  sender,
  socket,
  timeout,
} from '../failures/nodemailer-errors';
import { build, definition, flatten, read, readJson, ROOT, TYPES, type NodeType } from './dist';
import { anchorsOf, faultOfLink, firstTable, linksOf, PAGES, PAPERS, section, unquoted } from './pages';

const README = read('README.md');
const { scripts, dependencies } = readJson<{
  scripts: Record<string, string>;
  dependencies: Record<string, string>;
}>('package.json');

/** Lines of a page that a person reads; the table of properties has as many as JavaMail has keys. */
const MOST_LINES = 250;

const FIELDS: Record<NodeType, string> = {
  'email-server-connector': 'docs/connector.md',
  'send-email': 'docs/send-email.md',
};

/** The label of a field in the dialog; that of the name comes from Node-RED. */
function labelOf(type: NodeType, field: string): string | undefined {
  const catalogue = flatten(readJson('dist', 'locales', 'en-US', `${type}.json`));
  return field === 'name' ? 'Name' : catalogue.get(`label.${field}`);
}

function isType(field: string): boolean {
  return /[a-z]Type$/.test(field) && field !== 'authType';
}

/** How the tables write the default of a field. */
function writtenDefault(field: string, value: unknown): string {
  if (field === 'title' || field === 'server') return 'required';
  if (field === 'properties') return 'Gmail, see below';
  return value === '' ? 'empty' : `\`${String(value)}\``;
}

/** Codes that errors of a mail can have: those of MailErrors, and those of the failure rules. */
function errorCodes(): Set<string> {
  const files = readdirSync(path.join(ROOT, 'nodes'), { recursive: true, encoding: 'utf8' });
  const codes = files
    .filter((file) => file.endsWith('.ts') && !/^(editor|connection-test)/.test(file))
    .flatMap((file) => {
      const code = readFileSync(path.join(ROOT, 'nodes', file), 'utf8');
      return [...code.matchAll(/new MailError\(\s*'([A-Z_]+)'/g)].map(([, found]) => found as string);
    });
  return new Set([...codes, ...[...RULES, AMBIGUOUS, STOPPED, UNKNOWN].map(({ then }) => then.code)]);
}

/** The error with these words, as nodemailer gives it at this point of the dialogue. */
function errorAt(at: string, words: string): Error {
  if (at === 'login') return login(words);
  if (at === 'sender') return sender(words);
  if (at === 'recipient') return recipient(words);
  if (at === 'message') return message(words);
  if (/^Greeting/.test(words)) return timeout('GREETING_TIMEOUT', words);
  if (/ENOTFOUND/.test(words)) return nodemailerError('EDNS', 'CONN', words, { originalCode: 'ENOTFOUND' });
  if (/ECONNREFUSED/.test(words)) return socket('ECONNREFUSED', words);
  if (/version/.test(words)) return socket('ERR_SSL_WRONG_VERSION_NUMBER', words);
  return socket('DEPTH_ZERO_SELF_SIGNED_CERT', words);
}

describe('the documentation', function () {
  this.timeout(120_000);
  before(build);

  it('has the table of properties as the code makes it', () => {
    const page = read('docs/properties.md');
    assert.ok(replaceBetweenMarkers(page) === page, 'stale: npm run readme');
  });

  for (const type of TYPES) {
    const table = () => firstTable(section(FIELDS[type], `## Fields of ${type}`));

    it(`lists every field of ${type} and no other`, () => {
      const { defaults, credentials = {} } = definition(type);
      const fields = table().map(([field = '']) => unquoted(field));
      // The type of a field stands in the text above.
      const own = Object.keys(defaults).filter((field) => !isType(field));
      assert.deepEqual(fields.sort(), [...own, ...Object.keys(credentials)].sort());
    });

    it(`gives the label and the default of every field of ${type}`, () => {
      const { defaults } = definition(type);
      for (const [cell = '', label, written] of table()) {
        const field = unquoted(cell);
        const value = defaults[field]?.value ?? '';
        assert.deepEqual(
          [field, label, written],
          [field, labelOf(type, field), writtenDefault(field, value)],
        );
      }
    });
  }

  it('names the type of every field that may be typed, and marks these', () => {
    const text = section('docs/send-email.md', '## Fields of send-email');
    const types = Object.keys(definition('send-email').defaults).filter(isType);
    assert.equal(types.length, 7);
    for (const type of types) assert.ok(text.includes(`\`${type}\``), type);
    const typed = firstTable(text).flatMap(([field = '', , , meaning = '']) =>
      meaning.endsWith('Typed.') ? [`${unquoted(field)}Type`] : [],
    );
    assert.deepEqual(typed.sort(), types.sort());
  });

  it('shows the default properties', () => {
    const { value } = definition('email-server-connector').defaults.properties ?? {};
    assert.ok(
      section('docs/connector.md', '## Fields of email-server-connector').includes(
        `\`\`\`properties\n${String(value)}\n`,
      ),
    );
  });

  it('explains every property of msg.email and no other', () => {
    const body = /interface EmailResult \{([^}]+)\}/.exec(read('nodes', 'types.ts'))?.[1] ?? '';
    const declared = [...body.matchAll(/^ {2}(\w+)\??:/gm)].map(([, name]) => name as string);
    const table = firstTable(section('docs/send-email.md', '## The msg out'));
    const explained = table.flatMap(([cell = '']) => unquoted(cell).split(', '));
    assert.ok(declared.length > 15);
    assert.deepEqual(explained.sort(), declared.sort());
  });

  it('explains every code of an error and no other', () => {
    const table = firstTable(section('docs/troubleshooting.md', '## Error codes'));
    const explained = table.flatMap(([cell = '']) => unquoted(cell).split(', '));
    assert.deepEqual(explained.sort(), [...errorCodes()].sort());
  });

  it('gives messages of servers and Node.js the code that they get', () => {
    const table = firstTable(section('docs/troubleshooting.md', '## Messages of mail servers and Node.js'));
    assert.ok(table.length > 10);
    for (const [cell = '', at = '', code = ''] of table) {
      const words = unquoted(cell);
      const { error } = classifyFailure(errorAt(at, words), {
        dotHandedOver: false,
        reused: false,
        aborted: false,
      });
      assert.equal(`${words}: ${error.code}`, `${words}: ${unquoted(code)}`);
    }
  });

  it('has a recipe for every example, under its name', () => {
    // Recipes without a number are for flows that need further nodes, or none.
    const recipes = [...read('docs/recipes.md').matchAll(/^## (\d.+)$/gm)].map(([, name]) => `${name}.json`);
    assert.deepEqual(recipes, readdirSync(path.join(ROOT, 'examples')).sort());
  });

  it('names only scripts that exist', () => {
    const named = PAPERS.flatMap((paper) => [
      ...read(paper).matchAll(/\bnpm (?:run ([\w:-]+)|(start|test)\b)/g),
    ]).map(([, run, own]) => run ?? own);
    assert.ok(new Set(named).size >= 4);
    for (const name of named) assert.ok(scripts[name as string], `npm run ${name}`);
  });

  it('gives a reason for every runtime dependency and no other', () => {
    const rows = firstTable(section('README.md', '## Dependencies'));
    assert.deepEqual(rows.map(([name = '']) => unquoted(name)).sort(), Object.keys(dependencies).sort());
    for (const [name, ...cells] of rows) assert.ok(cells.length === 4 && cells.every(Boolean), name);
  });

  it('links only to files and headings that exist, and to pictures that can be seen everywhere', () => {
    const targets = PAPERS.flatMap((paper) => linksOf(read(paper)).map((link) => ({ paper, link })));
    assert.ok(targets.length > 60);
    const faults = targets.flatMap(({ paper, link }) => {
      const fault = faultOfLink(paper, link);
      return fault === undefined ? [] : [`${paper}: ${link.target}: ${fault}`];
    });
    assert.deepEqual(faults, []);
  });

  it('is linked from the help of the nodes in every language, where it can be read', () => {
    for (const language of readdirSync(path.join(ROOT, 'locales'))) {
      for (const type of TYPES) {
        const file = `locales/${language}/${type}.html`;
        for (const link of linksOf(read(file))) {
          // The help stands in the editor: what is relative would be a page of Node-RED.
          assert.match(link.target, /^https:/, file);
          assert.equal(faultOfLink(file, link), undefined, `${file}: ${link.target}`);
        }
      }
    }
  });

  it('has every page within reach of the README', () => {
    const reached = new Set<string>();
    const follow = (page: string): void => {
      if (reached.has(page)) return;
      reached.add(page);
      for (const { target } of linksOf(read(page))) {
        const file = path.posix.join(path.posix.dirname(page), target.split('#')[0] ?? '');
        if (!/^[a-z]+:/.test(target) && PAGES.includes(file)) follow(file);
      }
    };
    follow('README.md');
    assert.deepEqual([...reached].sort(), ['README.md', ...PAGES].sort());
  });

  it('has a README of at most 200 lines and pages of at most 250 lines', () => {
    assert.ok(README.split('\n').length <= 200);
    for (const page of PAGES.filter((one) => one !== 'docs/properties.md')) {
      const lines = read(page).split('\n').length;
      assert.ok(lines <= MOST_LINES, `${page}: ${lines} lines`);
    }
  });

  it('names ten promises, each with a test that is there', () => {
    const rows = firstTable(section('README.md', '## What it promises'));
    assert.equal(rows.length, 10);
    for (const [promise = '', shown = ''] of rows) {
      const files = [...shown.matchAll(/`([^`]+)`/g)].map(([, file]) => file as string);
      assert.ok(files.length > 0, promise);
      for (const file of files) assert.ok(existsSync(path.join(ROOT, file)), file);
    }
  });

  it('names only tests that are there', () => {
    for (const paper of PAPERS.filter((one) => one !== 'CHANGELOG.md')) {
      for (const [file] of read(paper).matchAll(/\btest\/[\w/-]+\.(?:test|soak)\.ts\b/g)) {
        assert.ok(existsSync(path.join(ROOT, file)), `${paper}: ${file}`);
      }
    }
  });

  describe('is checked for links', () => {
    it('to a missing file, to a missing heading, to a picture of the repository alone', () => {
      const fault = (target: string, image = false) => faultOfLink('docs/outbox.md', { target, image });
      assert.match(fault('nothing.md') ?? '', /there is no docs\/nothing\.md/);
      assert.match(fault('connector.md#nothing') ?? '', /no heading #nothing/);
      assert.match(fault('#nothing') ?? '', /docs\/outbox\.md has no heading/);
      assert.match(fault('flow.png', true) ?? '', /only this repository/);
      assert.match(fault('../CONTRIBUTING.md') ?? '', /not in the package/);
      assert.match(fault('http://example.com') ?? '', /not https/);
      const own = 'https://github.com/email-server-connector/node-red-send-email/blob/HEAD/docs';
      assert.match(fault(`${own}/nothing.md`) ?? '', /there is no/);
      assert.match(fault(`${own}/connector.md#nothing`) ?? '', /no heading/);
      for (const good of ['connector.md#rate-limit', '../README.md', `${own}/connector.md#rate-limit`])
        assert.equal(fault(good), undefined, good);
    });

    it('by the anchors that GitHub makes of headings', () => {
      const anchors = anchorsOf(
        '# A `b` & c!\n\n## Like\n\n```sh\n# no heading\n```\n\n## Like\n\n## Straße 1\n',
      );
      assert.deepEqual([...anchors], ['a-b--c', 'like', 'like-1', 'straße-1']);
    });

    it('in Markdown and in HTML, but not in code', () => {
      const found = linksOf('[a](b.md) ![c](d.png) `[e](f.md)` <a class="x" href="https://g">h</a>');
      assert.deepEqual(found, [
        { target: 'b.md', image: false },
        { target: 'd.png', image: true },
        { target: 'https://g', image: false },
      ]);
    });
  });
});
