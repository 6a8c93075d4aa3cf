import assert from 'node:assert/strict';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { AMBIGUOUS, RULES, STOPPED, UNKNOWN } from '../../nodes/failures/rules';
import { replaceBetweenMarkers } from '../../scripts/properties-table';
import { build, definition, flatten, read, readJson, ROOT, TYPES, type NodeType } from './dist';

const README = read('README.md');
const { scripts, dependencies } = readJson<{
  scripts: Record<string, string>;
  dependencies: Record<string, string>;
}>('package.json');

/** The text below a heading, down to the next one that is not below it. */
function section(heading: string): string {
  const start = README.indexOf(`\n${heading}\n`);
  assert.ok(start >= 0, `no heading "${heading}"`);
  const level = heading.indexOf(' ');
  const rest = README.slice(start + heading.length + 2);
  return rest.split(new RegExp(`^#{1,${level}} `, 'm'))[0] ?? '';
}

/** The cells of the first table in a text, without its two head lines. */
function firstTable(text: string): string[][] {
  const table = /(?:^\|.*\n)+/m.exec(text)?.[0] ?? '';
  return table
    .trim()
    .split('\n')
    .slice(2)
    .map((row) => row.split(/(?<!\\)\|/).slice(1, -1))
    .map((cells) => cells.map((cell) => cell.trim()));
}

function unquoted(cell: string): string {
  return cell.replace(/`/g, '');
}

/** The label of a field in the dialog; that of the name comes from Node-RED. */
function labelOf(type: NodeType, field: string): string | undefined {
  const catalogue = flatten(readJson('dist', 'locales', 'en-US', `${type}.json`));
  return field === 'name' ? 'Name' : catalogue.get(`label.${field}`);
}

function isType(field: string): boolean {
  return /[a-z]Type$/.test(field);
}

/** How the tables write the default of a field. */
function writtenDefault(field: string, value: unknown): string {
  if (field === 'title' || field === 'server') return 'required';
  if (field === 'properties') return 'Gmail, see below';
  return value === '' ? 'empty' : `\`${String(value)}\``;
}

/** The anchor that GitHub makes of a heading. */
function anchor(heading: string): string {
  return heading
    .toLowerCase()
    .replace(/[^\w\- ]/g, '')
    .replace(/ /g, '-');
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

describe('README', function () {
  this.timeout(120_000);
  before(build);

  it('has the table of properties as the code makes it', () => {
    assert.ok(replaceBetweenMarkers(README) === README, 'stale: npm run readme');
  });

  for (const type of TYPES) {
    const table = () => firstTable(section(`## Fields of ${type}`));

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
    const text = section('## Fields of send-email');
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
      section('## Fields of email-server-connector').includes(`\`\`\`properties\n${String(value)}\n`),
    );
  });

  it('explains every property of msg.email and no other', () => {
    const body = /interface EmailResult \{([^}]+)\}/.exec(read('nodes', 'types.ts'))?.[1] ?? '';
    const declared = [...body.matchAll(/^ {2}(\w+)\??:/gm)].map(([, name]) => name as string);
    const table = firstTable(section('## The msg out'));
    const explained = table.flatMap(([cell = '']) => unquoted(cell).split(', '));
    assert.ok(declared.length > 15);
    assert.deepEqual(explained.sort(), declared.sort());
  });

  it('explains every code of an error and no other', () => {
    const table = firstTable(section('## Troubleshooting'));
    const explained = table.flatMap(([cell = '']) => unquoted(cell).split(', '));
    assert.deepEqual(explained.sort(), [...errorCodes()].sort());
  });

  it('has a recipe for every example, under its name', () => {
    // Recipes without a number are for flows that need further nodes, or none.
    const recipes = [...section('## Recipes').matchAll(/^### (\d.+)$/gm)].map(([, name]) => `${name}.json`);
    assert.deepEqual(recipes, readdirSync(path.join(ROOT, 'examples')).sort());
  });

  it('names only scripts that exist', () => {
    const named = [...README.matchAll(/\bnpm (?:run (\w+)|(start|test)\b)/g)].map(
      ([, run, own]) => run ?? own,
    );
    assert.ok(new Set(named).size >= 4);
    for (const name of named) assert.ok(scripts[name as string], `npm run ${name}`);
  });

  it('gives a reason for every runtime dependency and no other', () => {
    const rows = firstTable(section('## Dependencies'));
    assert.deepEqual(rows.map(([name = '']) => unquoted(name)).sort(), Object.keys(dependencies).sort());
    for (const [name, ...cells] of rows) assert.ok(cells.length === 4 && cells.every(Boolean), name);
  });

  it('links only to files and headings that exist', () => {
    const anchors = new Set(
      [...README.matchAll(/^#+ (.+)$/gm)].map(([, heading]) => `#${anchor(heading as string)}`),
    );
    const targets = [...README.matchAll(/\]\(([^)]+)\)/g)].map(([, target]) => target as string);
    assert.ok(targets.length > 20);
    for (const target of targets.filter((one) => !/^https:/.test(one))) {
      const known = target.startsWith('#') ? anchors.has(target) : existsSync(path.join(ROOT, target));
      assert.ok(known, target);
    }
  });

  it('lists every section in its contents', () => {
    const linked = [...section('## Contents').matchAll(/\]\((#[^)]+)\)/g)].map(([, target]) => target);
    const headings = [...README.matchAll(/^## (.+)$/gm)].map(
      ([, heading]) => `#${anchor(heading as string)}`,
    );
    assert.deepEqual(
      linked,
      headings.filter((heading) => heading !== '#contents'),
    );
  });
});
