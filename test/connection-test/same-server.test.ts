/** Hosts files, `extra_hosts` of Docker and split DNS: the system knows another server than the DNS servers do. */
import assert from 'node:assert/strict';
import dns from 'node:dns';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { fail } from '../smtp/wire/wire';
import { runTrial } from './probing';

type Answer = (error: null, addresses: unknown, family?: number) => void;

describe('a connection test and a mail', () => {
  const { lookup } = dns;
  const promised = dns.promises.lookup;
  const { resolve4, resolve6 } = dns.Resolver.prototype;
  /** The system knows these. */
  let names: Record<string, string[]> = {};
  let server: Server;
  let reached: string[];

  beforeEach(() => {
    reached = [];
    const known = (host: string) =>
      (names[host] ?? []).map((address) => ({ address, family: address.includes(':') ? 6 : 4 }));
    dns.lookup = ((host: string, options: { all?: boolean }, callback: Answer) => {
      if (!(host in names)) return lookup(host, options, callback as never);
      const [first] = known(host);
      if (options.all) return setImmediate(callback, null, known(host));
      return setImmediate(callback, null, first?.address, first?.family);
    }) as unknown as typeof lookup;
    dns.promises.lookup = ((host: string, { all }: { all?: boolean } = {}) =>
      Promise.resolve(all ? known(host) : known(host)[0])) as unknown as typeof promised;
    // The DNS servers say something else.
    dns.Resolver.prototype.resolve4 = ((_host: string, callback: Answer) =>
      setImmediate(callback, null, ['127.0.0.2'])) as unknown as typeof resolve4;
    dns.Resolver.prototype.resolve6 = ((_host: string, callback: Answer) =>
      setImmediate(callback, null, [])) as unknown as typeof resolve6;
  });

  afterEach((done) => {
    Object.assign(dns, { lookup });
    Object.assign(dns.promises, { lookup: promised });
    Object.assign(dns.Resolver.prototype, { resolve4, resolve6 });
    server.close(done);
  });

  /** A server that sends everybody away, and notes at which of its addresses they came. */
  async function listen(host: string): Promise<number> {
    server = createServer((socket: Socket) => {
      reached.push((socket.localAddress ?? '').replace('::ffff:', ''));
      socket.on('error', () => undefined).end('554 5.7.1 not here\r\n');
    }).listen(0, host);
    await once(server, 'listening');
    return (server.address() as AddressInfo).port;
  }

  async function testAndSend(host: string, port: number): Promise<void> {
    await runTrial({ server: { host, port }, body: { username: '', password: '' } });
    await fail([`mail.smtp.host=${host}`, `mail.smtp.port=${port}`]);
  }

  it('go to the server that the system names, not to that of the DNS servers', async function () {
    // Only Linux has all of 127.0.0.0/8.
    if (process.platform !== 'linux') this.skip();
    names = { 'split.test': ['127.0.0.1'] };
    await testAndSend('split.test', await listen('0.0.0.0'));
    assert.deepEqual(reached, ['127.0.0.1', '127.0.0.1']);
  });

  for (const there of ['127.0.0.1', '::1']) {
    it(`reach a host of both families that listens at ${there} only`, async function () {
      names = { 'both.test': ['::1', '127.0.0.1'] };
      const port = await listen(there).catch(() => this.skip());
      await testAndSend('both.test', port);
      assert.deepEqual(reached, [there, there]);
    });
  }
});
