import assert from 'node:assert/strict';
import vm from 'node:vm';
import { build, page } from './dist';

type Definition = { oneditprepare: () => void };

/** Opens the dialog of a connector whose inputs hold these values, and gives what they hold then. */
function open(inputs: Record<string, string>): Record<string, string> {
  const shown = { ...inputs };
  const $ = (selector: string) => ({
    val(value?: string) {
      const name = selector.replace('#node-config-input-', '');
      if (value !== undefined) shown[name] = value;
      return shown[name] ?? '';
    },
  });
  let definition: Definition | undefined;
  const RED = {
    _: (key: string) => key,
    nodes: { registerType: (_: string, registered: Definition) => (definition = registered) },
    editor: { codeEditor: {}, createEditor: () => ({}) },
  };
  vm.runInNewContext(page('email-server-connector').script, { RED, $ });
  definition?.oneditprepare();
  return shown;
}

describe('the dialog of a connector', function () {
  this.timeout(120_000);
  before(build);

  it('shows the limit of a new connector, which the editor leaves empty because it is 0', () => {
    assert.equal(open({ rateLimit: '' }).rateLimit, '0');
  });

  it('leaves the limit of a connector as it is', () => {
    assert.equal(open({ rateLimit: '30' }).rateLimit, '30');
  });
});
