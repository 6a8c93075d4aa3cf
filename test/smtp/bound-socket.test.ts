import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { boundSocket } from '../../nodes/smtp/bound-socket';

describe('a bound socket', () => {
  let server: Server;
  let port: number;

  beforeEach(async () => {
    server = createServer();
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    port = (server.address() as AddressInfo).port;
  });

  afterEach((done) => {
    server.close(done);
  });

  const open = (local: Parameters<typeof boundSocket>[0], to = port) =>
    new Promise<Socket>((resolve, reject) => {
      boundSocket(local)({ host: '127.0.0.1', port: to, connectionTimeout: 5000 }, (error, options) => {
        if (error || !options) reject(error ?? new Error('no socket'));
        else resolve((options as { connection: Socket }).connection);
      });
    });

  /** A port that nobody listens on: it was free a moment ago. */
  async function freePort(): Promise<number> {
    const other = createServer().listen(0, '127.0.0.1');
    await once(other, 'listening');
    const { port: free } = other.address() as AddressInfo;
    other.close();
    await once(other, 'close');
    return free;
  }

  it('comes from the local address and port', async () => {
    const localPort = await freePort();
    const [socket, [peer]] = (await Promise.all([
      open({ localAddress: '127.0.0.1', localPort }),
      once(server, 'connection'),
    ])) as [Socket, [Socket]];
    assert.deepEqual([peer.remoteAddress, peer.remotePort], ['127.0.0.1', localPort]);
    socket.destroy();
    peer.destroy();
  });

  it('takes a name for the local address', async () => {
    const [socket, [peer]] = (await Promise.all([
      open({ localAddress: 'localhost', localPort: null }),
      once(server, 'connection'),
    ])) as [Socket, [Socket]];
    assert.equal(peer.remoteAddress, '127.0.0.1');
    socket.destroy();
    peer.destroy();
  });

  it('fails as nodemailer does when the server or the local address is not there', async () => {
    const refused = { code: 'ESOCKET', originalCode: 'ECONNREFUSED', command: 'CONN' };
    await assert.rejects(open({ localAddress: '127.0.0.1', localPort: null }, await freePort()), refused);
    const missing = { code: 'ESOCKET', command: 'CONN' };
    await assert.rejects(open({ localAddress: 'no-such-name.invalid', localPort: null }), missing);
  });
});
