import { mailFlow } from './mail-flow';
import type { NodeRed } from './node-red';
import { sharedNodeRed } from './shared-node-red';

describe('a Status node', () => {
  let red: NodeRed;
  before(async function () {
    this.timeout(30_000);
    red = await sharedNodeRed();
  });

  /** Deploys a flow for the first time; resolves with what a Status node for the whole tab hears of a node. */
  async function heard(parts: object, of: 'connector' | 'sendEmail', text: RegExp): Promise<void> {
    const flow = mailFlow(red, { server: { host: '127.0.0.1', port: 1 }, ...parts });
    const [status, probe] = ['f7150040', 'f7150041'];
    await red.deploy([
      ...flow.nodes,
      { id: status, type: 'status', z: flow.ids.tab, scope: null, wires: [[probe]] },
      { id: probe, type: 'probe', z: flow.ids.tab, wires: [] },
    ]);
    const fits = (msg: { status?: { text?: string; source?: { id: string } } }): boolean =>
      msg.status?.source?.id === flow.ids[of] && text.test(msg.status.text ?? '');
    await red.probe(probe).waitForOne(fits);
  }

  it('hears INIT_ERROR of a connector that can not start', async () => {
    await heard({ connector: { properties: 'mail.smtp.port=25' } }, 'connector', /^INIT_ERROR/);
  });

  it('hears it from the send-email node too', async () => {
    await heard({ connector: { properties: 'mail.smtp.port=25' } }, 'sendEmail', /^INIT_ERROR/);
  });

  it('hears that a send-email node is misconfigured', async () => {
    await heard({ sendEmail: { template: '{{#open}}' } }, 'sendEmail', /configuration error/i);
  });
});
