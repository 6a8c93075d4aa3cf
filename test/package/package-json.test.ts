import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { build, readJson, ROOT, TYPES } from './dist';
import { PAGES } from './pages';

const PACKAGE = readJson<{
  name: string;
  license: string;
  repository: { url: string };
  bugs: { url: string };
  engines: { node: string };
  keywords: string[];
  scripts: Record<string, string>;
  dependencies: Record<string, string>;
  'node-red': { version: string; nodes: Record<string, string> };
}>('package.json');

describe('package', function () {
  this.timeout(120_000);
  before(build);

  it('has a licence, a home and a scoped name', () => {
    assert.equal(PACKAGE.license, 'Apache-2.0');
    assert.match(PACKAGE.repository.url, /^git\+https:/);
    assert.match(PACKAGE.bugs.url, /^https:/);
    assert.match(PACKAGE.name, /^@[\w-]+\/[\w-]+$/);
  });

  it('says what it runs on', () => {
    assert.equal(PACKAGE.engines.node, '>=20');
    assert.equal(PACKAGE['node-red'].version, '>=4.1.0');
    assert.ok(PACKAGE.keywords.includes('node-red'));
  });

  it('registers both node types from dist, by their names', () => {
    const files = Object.fromEntries(TYPES.map((type) => [type, `dist/${type}.js`]));
    assert.deepEqual(PACKAGE['node-red'].nodes, files);
    for (const file of Object.values(files)) assert.ok(existsSync(path.join(ROOT, file)), file);
  });

  it('has at most six dependencies and runs nothing when it is installed', () => {
    assert.ok(Object.keys(PACKAGE.dependencies).length <= 6);
    for (const script of ['preinstall', 'install', 'postinstall'])
      assert.ok(!(script in PACKAGE.scripts), script);
  });

  it('ships what Node-RED loads, the examples and the documentation without its pictures, and nothing else', () => {
    const files = packedFiles();
    for (const type of TYPES) {
      for (const file of [`dist/${type}.js`, `dist/${type}.html`, `dist/locales/en-US/${type}.json`]) {
        assert.ok(files.includes(file), file);
      }
    }
    assert.ok(files.includes('dist/icons/send-email.svg'));
    for (const name of readdirSync(path.join(ROOT, 'examples')))
      assert.ok(files.includes(`examples/${name}`), name);
    const papers = /^(package\.json|README\.md|LICENSE|CHANGELOG\.md|docs\/[\w-]+\.md)$/;
    for (const page of PAGES) assert.ok(files.includes(page), page);
    const shipped =
      /^dist\/([\w-]+\/)*[\w-]+\.js$|^dist\/([\w-]+\/)*[\w-]+\.(html|json|svg)$|^examples\/[^/]+\.json$/;
    assert.deepEqual(
      files.filter((file) => !papers.test(file) && !shipped.test(file)),
      [],
    );
    assert.ok(!files.some((file) => /(^|\/)(test|editor)\/|\.(ts|map)$/.test(file)));
  });
});

function packedFiles(): string[] {
  // What npm hands to a test that it runs would make the build run again beneath that test.
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => !/^npm_/i.test(name)));
  const output = execFileSync('npm', ['pack', '--dry-run', '--json', '--ignore-scripts'], {
    cwd: ROOT,
    env,
    encoding: 'utf8',
    shell: process.platform === 'win32',
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const [packed] = JSON.parse(output) as [{ files: { path: string }[] }];
  return packed.files.map((file) => file.path);
}
