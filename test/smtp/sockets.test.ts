import assert from 'node:assert/strict';
import dns from 'node:dns/promises';
import { once } from 'node:events';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { openSocket, type Opening, type Route } from '../../nodes/smtp/sockets';
import { closedAfterEach } from '../servers/closing';
import { startHttpProxy, startSocksProxy } from '../servers/proxies';

const GREETING = '220 mail.test ESMTP\r\n';

interface Listener {
  host: string;
  port: number;
  /** The next client. */
  client: () => Promise<Socket>;
  close: () => Promise<void>;
}

/** A listener that greets, or does as it is told. */
async function listen(
  host = '127.0.0.1',
  onClient: (socket: Socket) => void = (socket) => socket.write(GREETING),
  port = 0,
): Promise<Listener> {
  const sockets = new Set<Socket>();
  const server = createServer((socket) => {
    sockets.add(socket.on('error', () => undefined));
    onClient(socket);
  });
  server.listen(port, host);
  await once(server, 'listening');
  return {
    host,
    port: (server.address() as AddressInfo).port,
    client: async () => ((await once(server, 'connection')) as [Socket])[0],
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
}

/** A port that nobody listens on: it was free a moment ago. */
async function freePort(): Promise<number> {
  const other = await listen();
  await other.close();
  return other.port;
}

const ROUTE: Route = { host: '127.0.0.1', port: 25, localAddress: null, localPort: null, proxy: null };

/** What the server says, after the socket was opened. */
async function greetingOver(socket: Socket): Promise<string> {
  const data = once(socket.setEncoding('utf8'), 'data') as Promise<[string]>;
  socket.resume();
  return (await data)[0];
}

describe('a socket to the mail server', () => {
  const closing = closedAfterEach();
  const sockets: Socket[] = [];
  afterEach(() => {
    for (const socket of sockets.splice(0)) socket.destroy();
  });

  const open = async (route: Partial<Route>, opening: Partial<Opening> = {}): Promise<Socket> => {
    const socket = await openSocket({ ...ROUTE, ...route }, { timeout: 5_000, ...opening });
    sockets.push(socket);
    return socket;
  };

  describe('from a local side', () => {
    it('comes from the local address and port', async () => {
      const server = await closing(listen());
      const localPort = await freePort();
      const arrived = server.client();
      await open({ port: server.port, localAddress: '127.0.0.1', localPort });
      const { remoteAddress, remotePort } = await arrived;
      assert.deepEqual([remoteAddress, remotePort], ['127.0.0.1', localPort]);
    });

    for (const host of ['127.0.0.1', '::1']) {
      it(`takes the address of a name in the family of the server (${host})`, async function () {
        const server = await listen(host).catch(() => this.skip());
        await closing(server);
        const restore = stubLookup({ 'gw.test': ['::1', '127.0.0.1'] });
        try {
          const arrived = server.client();
          await open({ host, port: server.port, localAddress: 'gw.test' });
          assert.equal((await arrived).remoteAddress, host);
        } finally {
          restore();
        }
      });
    }

    it('fails in words when the local address is none', async () => {
      const missing = { code: 'ESOCKET', originalCode: 'ENOTFOUND', command: 'CONN' };
      await assert.rejects(open({ localAddress: 'no-such-name.invalid' }), missing);
    });
  });

  describe('to a host with addresses of both families', () => {
    for (const there of ['::1', '127.0.0.1']) {
      for (const order of [
        ['::1', '127.0.0.1'],
        ['127.0.0.1', '::1'],
      ]) {
        it(`reaches the one that listens: ${there} of ${order.join(', ')}`, async function () {
          const server = await listen(there).catch(() => this.skip());
          await closing(server);
          const restore = stubLookup({ 'both.test': order });
          try {
            const seen: string[][] = [];
            const socket = await open(
              { host: 'both.test', port: server.port },
              { progress: { resolved: (found) => seen.push(found) } },
            );
            assert.equal(socket.remoteAddress, there);
            assert.deepEqual(seen, [order]);
            assert.equal(await greetingOver(socket), GREETING);
          } finally {
            restore();
          }
        });
      }
    }

    it('says of each address why it was not reached', async () => {
      const restore = stubLookup({ 'both.test': ['127.0.0.1', '127.0.0.2'] });
      try {
        await assert.rejects(open({ host: 'both.test', port: await freePort() }), {
          code: 'ESOCKET',
          originalCode: 'ECONNREFUSED',
          message: /ECONNREFUSED 127\.0\.0\.1.*; .*ECONNREFUSED 127\.0\.0\.2/,
        });
      } finally {
        restore();
      }
    });
  });

  describe('fails as nodemailer does', () => {
    it('when nobody listens', async () => {
      const refused = { code: 'ESOCKET', originalCode: 'ECONNREFUSED', command: 'CONN' };
      await assert.rejects(open({ port: await freePort() }), refused);
    });

    it('when the name is unknown', async () => {
      const unknown = { code: 'EDNS', originalCode: 'ENOTFOUND', command: 'CONN' };
      await assert.rejects(open({ host: 'no-such-name.invalid' }), unknown);
    });

    it('when the resolver does not answer in time', async () => {
      const { lookup } = dns;
      dns.lookup = (() => new Promise(() => undefined)) as unknown as typeof lookup;
      try {
        const late = { code: 'EDNS', originalCode: 'ETIMEOUT', command: 'CONN' };
        await assert.rejects(open({ host: 'mail.test' }, { timeout: 20 }), late);
      } finally {
        dns.lookup = lookup;
      }
    });

    it('when the proxy does not answer in time, and closes the socket', async () => {
      const silent = await closing(listen('127.0.0.1', () => undefined));
      const gone = silent.client().then((client) => once(client.resume(), 'close'));
      const proxy = { kind: 'http', host: '127.0.0.1', port: silent.port, auth: null } as const;
      const late = { code: 'EPROXY', originalCode: 'ETIMEDOUT', command: 'CONN' };
      await assert.rejects(open({ host: 'mail.test', proxy }, { timeout: 200 }), late);
      await gone;
    });
  });

  it('is closed when its opening is given up', async () => {
    const silent = await closing(listen('127.0.0.1', () => undefined));
    const proxy = { kind: 'socks5', host: '127.0.0.1', port: silent.port, auth: null } as const;
    const gone = new AbortController();
    const closed = silent.client().then((client) => once(client.resume(), 'close'));
    const opening = open({ proxy }, { signal: gone.signal, progress: { connected: () => gone.abort() } });
    await assert.rejects(opening, /closed while it was opened/);
    await closed;
    await assert.rejects(open({ port: silent.port }, { signal: gone.signal }), /closed while it was opened/);
  });

  describe('through a proxy', () => {
    for (const host of ['mail.test', '192.0.2.7', '2001:db8::192.0.2.7', '::1', '1:2:3:4:5:6:7:8']) {
      for (const [kind, start] of [
        ['http', startHttpProxy],
        ['socks5', startSocksProxy],
      ] as const) {
        it(`of the kind ${kind} asks for ${host}`, async () => {
          const server = await closing(listen());
          const proxy = await closing(start({ target: server }));
          const socket = await open({ host, port: 587, proxy: { kind, ...proxy, auth: null } });
          const asked = proxy.requests.items[0];
          assert.deepEqual([asked?.host, asked?.port], [asBytes(kind, host), 587]);
          assert.equal(await greetingOver(socket), GREETING);
        });
      }
    }

    for (const [kind, answers] of [
      ['http', ['HTTP/1.1 200 OK\r\n\r\n']],
      ['socks5', [Buffer.from([5, 0]), Buffer.from([5, 0, 0, 3, 2, 120, 121, 0, 25])]],
    ] as const) {
      it(`of the kind ${kind} loses no greeting that comes with its answer, and takes that in pieces`, async () => {
        const proxy = await closing(
          listen('127.0.0.1', (client) => {
            let turn = 0;
            client.on('data', () => {
              const answer = answers[turn++];
              if (answer === undefined) return;
              const last = turn === answers.length;
              const bytes = Buffer.concat([Buffer.from(answer), Buffer.from(last ? GREETING : '')]);
              client.setNoDelay();
              // The rest follows when the first byte is out.
              client.write(bytes.subarray(0, 1), () => client.write(bytes.subarray(1)));
            });
          }),
        );
        const socket = await open({ host: 'mail.test', proxy: { kind, ...proxy, auth: null } });
        assert.equal(await greetingOver(socket), GREETING);
      });
    }

    for (const [what, kind, answers, words] of [
      [
        'that refuses the connection',
        'socks5',
        [
          [5, 0],
          [5, 2, 0, 1, 0, 0],
        ],
        /not allowed by ruleset/,
      ],
      ['that wants a login', 'socks5', [[5, 255]], /login/],
      ['that is SOCKS 4', 'socks5', [[0, 90]], /SOCKS 5/],
      ['that hangs up', 'socks5', [[]], /closed the connection/],
      ['that wants another login', 'http', ['HTTP/1.1 407 Who are you\r\n\r\n'], /407 Who are you/],
      ['that is no proxy', 'http', ['220 hello\r\n\r\n'], /220 hello/],
      ['without an end', 'http', ['x'.repeat(100_000)], /no end/],
    ] as const) {
      it(`of the kind ${kind} ${what} says so`, async () => {
        const proxy = await closing(
          listen('127.0.0.1', (client) => {
            let turn = 0;
            client.on('data', () => {
              const answer = answers[turn++] ?? '';
              if (answer.length === 0) client.end();
              else client.write(Buffer.from(answer as string));
            });
          }),
        );
        const failed = { code: 'EPROXY', command: 'CONN', message: words };
        await assert.rejects(open({ host: 'mail.test', proxy: { kind, ...proxy, auth: null } }), failed);
      });
    }
  });
});

/** How the proxies of the tests write a host: the SOCKS proxy shows the bytes of an IPv6 address as they are. */
function asBytes(kind: string, host: string): string {
  const known: Record<string, string> = {
    '2001:db8::192.0.2.7': '20010db80000000000000000c0000207',
    '::1': '00000000000000000000000000000001',
    '1:2:3:4:5:6:7:8': '00010002000300040005000600070008',
  };
  return kind === 'socks5' ? (known[host] ?? host) : host;
}

/** The resolver of the system knows these names; gives a function that ends it. */
function stubLookup(names: Record<string, string[]>): () => void {
  const { lookup } = dns;
  dns.lookup = ((host: string) =>
    Promise.resolve(
      (names[host] ?? []).map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    )) as unknown as typeof lookup;
  return () => {
    dns.lookup = lookup;
  };
}
