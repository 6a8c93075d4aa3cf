import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createServer, type AddressInfo } from 'node:net';
import { build, ROOT } from './dist';

const DEMO = ['scripts/demo.mjs', '--once'];

describe('demo', function () {
  this.timeout(150_000);
  before(build);

  it('--once sends the digest example through Node-RED and shows the mail', async () => {
    const child = spawn(process.execPath, DEMO, { cwd: ROOT, stdio: ['ignore', 'pipe', 'pipe'] });
    let output = '';
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
    const [code] = (await once(child, 'close')) as [number];
    assert.equal(code, 0, output);
    assert.match(output, /^Subject: .*Line 1.*12 alarms/m);
    assert.match(output, /^Message-ID: </m);
    assert.match(output, /Station 3/);
    assert.match(output, /^Attachments: alarms\.csv$/m);
  });

  it('a port that is taken is an error that names the option', async () => {
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    try {
      for (const option of ['--port', '--inbox-port', '--smtp-port']) {
        const { status, stderr } = spawnSync(process.execPath, [...DEMO, option, String(port)], {
          cwd: ROOT,
          encoding: 'utf8',
        });
        assert.equal(status, 1);
        assert.match(stderr, new RegExp(`port ${port} is taken; choose another with ${option} `));
      }
    } finally {
      server.close();
    }
  });
});
