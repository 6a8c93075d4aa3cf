import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { ESLint, Linter } from 'eslint';
import ts from 'typescript';
import { read, readJson, ROOT } from './dist';

/** What a person can keep in mind. */
const MOST_FILES = 16;
const MOST_LINES_OF_A_ROOM = 1800;
const MOST_LINES_OF_A_FILE = 250;

const ROOMS = readJson<Record<string, string[]>>('scripts', 'rooms.json');

/** The sources below nodes/, with slashes on every system. */
const FILES = readdirSync(path.join(ROOT, 'nodes'), { recursive: true, encoding: 'utf8' })
  .map((file) => file.split(path.sep).join('/'))
  .filter((file) => file.endsWith('.ts') && !file.endsWith('.d.ts'));

function linesOf(file: string): number {
  return read('nodes', file).trimEnd().split('\n').length;
}

/** The files that a source imports, of types too, relative to nodes/. */
function importsOf(file: string): string[] {
  const { importedFiles } = ts.preProcessFile(read('nodes', file), true, true);
  return importedFiles
    .filter(({ fileName }) => fileName.startsWith('.'))
    .map(({ fileName }) => `${path.posix.join(path.posix.dirname(file), fileName)}.ts`);
}

/** The first circle that a search finds from here, as the files on it. */
function circleIn(graph: ReadonlyMap<string, readonly string[]>): string[] | undefined {
  const done = new Set<string>();
  const search = (file: string, way: readonly string[]): string[] | undefined => {
    const at = way.indexOf(file);
    if (at >= 0) return [...way.slice(at), file];
    if (done.has(file)) return undefined;
    for (const next of graph.get(file) ?? []) {
      const circle = search(next, [...way, file]);
      if (circle) return circle;
    }
    done.add(file);
    return undefined;
  };
  for (const file of graph.keys()) {
    const circle = search(file, []);
    if (circle) return circle;
  }
  return undefined;
}

describe('the architecture', () => {
  it('has no file that imports itself by way of others', () => {
    const graph = new Map(FILES.map((file) => [file, importsOf(file)]));
    const edges = [...graph.values()].flat();
    assert.ok(edges.length > 300, 'the imports are found');
    assert.deepEqual(
      edges.filter((file) => !FILES.includes(file) && !file.endsWith('.d.ts')),
      [],
    );
    assert.equal(circleIn(graph), undefined);
  });

  it('would show a circle', () => {
    const graph = new Map([
      ['a', ['b']],
      ['b', ['c', 'd']],
      ['c', []],
      ['d', ['b']],
    ]);
    assert.deepEqual(circleIn(graph), ['b', 'd', 'b']);
  });

  it('has rooms that one can look over', () => {
    const rooms = new Map<string, string[]>();
    for (const file of FILES) {
      const room = path.posix.dirname(file);
      rooms.set(room, [...(rooms.get(room) ?? []), file]);
    }
    for (const [room, files] of rooms) {
      const lines = files.reduce((sum, file) => sum + linesOf(file), 0);
      assert.ok(files.length <= MOST_FILES, `${room} has ${files.length} files`);
      assert.ok(lines <= MOST_LINES_OF_A_ROOM, `${room} has ${lines} lines`);
    }
  });

  it('has files of at most 250 lines', () => {
    for (const file of FILES) {
      const lines = linesOf(file);
      assert.ok(lines <= MOST_LINES_OF_A_FILE, `${file} has ${lines} lines`);
    }
  });

  it('says of every room which others it may import, and names each on its page', () => {
    const rooms = new Set(FILES.filter((file) => file.includes('/')).map((file) => file.split('/')[0]));
    assert.deepEqual([...rooms].sort(), Object.keys(ROOMS).sort());
    const page = read('docs', 'architecture.md');
    for (const room of rooms) assert.ok(page.includes(`${room}/`), room);
  });

  describe('is kept by the lint rules', function () {
    this.timeout(60_000);
    let wrong: (file: string, imported: string) => Promise<string[]>;
    before(() => {
      const eslint = new ESLint({ cwd: ROOT });
      const linter = new Linter();
      wrong = async (file, imported) => {
        const { rules } = (await eslint.calculateConfigForFile(`nodes/${file}`)) as Linter.Config;
        const rule = rules?.['no-restricted-imports'] ?? 'off';
        const found = linter.verify(`import '${imported}';`, { rules: { 'no-restricted-imports': rule } });
        return found.map(({ message }) => message);
      };
    });

    for (const [file, imported] of [
      ['mail/content.ts', '../smtp/transport'],
      ['mail/template/event.ts', '../../outbox/outbox'],
      ['outbox/outbox.ts', '../smtp/transport'],
      ['smtp/pool.ts', '../mail/compose'],
      ['store/disk/lock.ts', '../../connector/connector'],
      ['connector/connector.ts', '../sender/sender'],
      ['language/text.ts', '../properties/reader'],
      ['properties/read/host.ts', '../../send-email'],
      ['smtp/pool.ts', 'node-red'],
      ['connector/deployed-connector.ts', 'node-red'],
      ['sender/node-messages.ts', 'node-red'],
      ['editor/form/form.ts', '../../mail/config'],
      ['editor/send-email.ts', '../types'],
      ['editor/send-email/dialog.ts', '../../types'],
    ] as const) {
      it(`which refuse ${imported} in ${file}`, async () => {
        assert.equal((await wrong(file, imported)).length, 1);
      });
    }

    for (const [file, imported] of [
      ['mail/content.ts', './template/event'],
      ['properties/read/host.ts', '../text/parse'],
      ['outbox/outbox.ts', '../store/store'],
      ['smtp/pool.ts', '../types'],
      ['node-red/nodes.ts', 'node-red'],
      ['editor/send-email/dialog.ts', '../form/form'],
      ['editor/send-email/preview.ts', '../api'],
      ['editor/send-email.ts', './connector/advice'],
    ] as const) {
      it(`which let ${file} import ${imported}`, async () => {
        assert.deepEqual(await wrong(file, imported), []);
      });
    }
  });
});
