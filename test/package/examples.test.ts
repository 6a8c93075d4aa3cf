import assert from 'node:assert/strict';
import { readdirSync } from 'node:fs';
import path from 'node:path';
import { readJson, ROOT } from './dist';

interface FlowNode {
  id: string;
  type: string;
  z?: string;
  server?: string;
  wires?: string[][];
  scope?: string[];
  x?: number;
  y?: number;
  properties?: string;
  [property: string]: unknown;
}

const NAMES = readdirSync(path.join(ROOT, 'examples'));
const FLOWS = new Map(NAMES.map((name) => [name, readJson<FlowNode[]>('examples', name)]));
const ALL = [...FLOWS.values()].flat();

describe('examples', () => {
  it('are numbered files that the import menu can show in order', () => {
    assert.deepEqual(
      NAMES.sort().map((name) => /^(\d) \w.*\.json$/.exec(name)?.[1]),
      ['1', '2', '3', '4', '5', '6', '7'],
    );
  });

  it('share no id, so that all of them can be imported', () => {
    assert.equal(new Set(ALL.map(({ id }) => id)).size, ALL.length);
    for (const { id } of ALL) assert.match(id, /^[0-9a-f]{16}$/);
  });

  it('name no address that belongs to somebody', () => {
    const addresses = JSON.stringify(ALL).match(/[\w.-]+@[\w.-]+/g) ?? [];
    assert.ok(addresses.length > 0);
    for (const address of addresses) assert.match(address, /@example\.(com|org)$/);
  });

  it('hold no credentials', () => {
    for (const node of ALL) {
      for (const name of ['credentials', 'username', 'password'])
        assert.ok(!(name in node), `${node.id} ${name}`);
      assert.doesNotMatch(node.properties ?? '', /^[^#]*(password|user)/im);
    }
  });

  it('hold no list of modules', () => {
    assert.ok(!ALL.some(({ type }) => type === 'global-config'));
  });

  for (const [name, nodes] of FLOWS) {
    describe(name, () => {
      it('is one tab with comments, a connector and a send-email node', () => {
        const count = (type: string) => nodes.filter((node) => node.type === type).length;
        assert.equal(count('tab'), 1);
        assert.ok(count('comment') >= 2);
        assert.ok(count('email-server-connector') >= 1);
        assert.ok(count('send-email') >= 1);
      });

      it('refers only to nodes that it holds', () => {
        const ids = new Set(nodes.map(({ id }) => id));
        for (const node of nodes) {
          for (const id of [...(node.wires ?? []).flat(), ...(node.scope ?? [])])
            assert.ok(ids.has(id), node.id);
          if (node.type === 'send-email') {
            const server = nodes.find(({ id }) => id === node.server);
            assert.equal(server?.type, 'email-server-connector');
          }
        }
      });

      it('shows both outcomes of every mail', () => {
        for (const node of nodes.filter(({ type }) => type === 'send-email')) {
          assert.equal(node.wires?.length, 2);
          assert.ok(node.wires?.every((targets) => targets.length > 0));
        }
      });

      it('places no two nodes on the same spot', () => {
        const spots = nodes.filter((node) => 'x' in node).map(({ x, y }) => `${x},${y}`);
        assert.equal(new Set(spots).size, spots.length);
      });
    });
  }
});
