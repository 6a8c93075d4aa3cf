import assert from 'node:assert/strict';
import net from 'node:net';
import { assertFailed, detailOf, runTrial, stepsOf, STARTTLS, IMPLICIT, testServers } from './probing';

describe('a connection test', () => {
  const { inbox, raw } = testServers();

  describe('goes through a proxy', () => {
    it('of HTTP, with its login, and shows the way', async () => {
      const server = await inbox();
      let head = '';
      const proxy = await raw((socket) => {
        socket.once('data', (chunk) => {
          head = chunk.toString();
          const upstream = net.connect(server.port, server.host);
          upstream.once('data', (greeting) => {
            // Both in one piece: the greeting must not get lost.
            socket.write(Buffer.concat([Buffer.from('HTTP/1.1 200 OK\r\nVia: x\r\n\r\n'), greeting]));
            upstream.pipe(socket).pipe(upstream);
          });
          upstream.on('error', () => undefined);
        });
      });
      const properties = [
        `mail.smtp.proxy.host=${proxy.host}`,
        `mail.smtp.proxy.port=${proxy.port}`,
        'mail.smtp.proxy.user=me',
        'mail.smtp.proxy.password=proxy secret',
        'mail.smtp.starttls.enable=false',
      ];
      const answer = await runTrial({ server, properties, around: { allowInsecureAuth: true } });
      assert.deepEqual(answer.error, null);
      assert.deepEqual(stepsOf(answer).slice(0, 4), ['dns', 'tcp', 'proxy', 'greeting']);
      assert.match(detailOf(answer, 'tcp'), new RegExp(`port ${proxy.port}$`));
      assert.match(detailOf(answer, 'proxy'), new RegExp(`127\\.0\\.0\\.1 port ${server.port}$`));
      const login = Buffer.from('me:proxy secret').toString('base64');
      assert.match(
        head,
        new RegExp(`^CONNECT 127\\.0\\.0\\.1:${server.port} HTTP/1\\.1\r\n[^]*Basic ${login}\r\n`),
      );
      assert.doesNotMatch(JSON.stringify(answer), /proxy secret/);
    });

    it('of HTTP that refuses, and gives its reason without its password', async () => {
      const proxy = await raw((socket) => socket.end('HTTP/1.1 403 Not with open sesame\r\n\r\n'));
      const properties = [
        ...STARTTLS,
        `mail.smtp.proxy.host=${proxy.host}`,
        `mail.smtp.proxy.port=${proxy.port}`,
        'mail.smtp.proxy.user=me',
        'mail.smtp.proxy.password=open sesame',
      ];
      const answer = await runTrial({ server: { host: 'mail.test', port: 25 }, properties });
      assertFailed(answer, 'proxy', 'PROXY', /allows this host/);
      assert.match(answer.error?.message ?? '', /403 Not with \*\*\*/);
      assert.doesNotMatch(JSON.stringify(answer), /open sesame/);
    });

    it('of SOCKS', async () => {
      const server = await inbox({ security: 'implicit' });
      const proxy = await raw((socket) => {
        socket.once('data', () => {
          socket.write(Buffer.from([5, 0]));
          socket.once('data', () => {
            const upstream = net.connect(server.port, server.host, () => {
              socket.write(Buffer.from([5, 0, 0, 1, 127, 0, 0, 1, 0, 25]));
              upstream.pipe(socket).pipe(upstream);
            });
            upstream.on('error', () => undefined);
          });
        });
      });
      const properties = [
        ...IMPLICIT,
        `mail.smtp.socks.host=${proxy.host}`,
        `mail.smtp.socks.port=${proxy.port}`,
      ];
      const answer = await runTrial({ server, properties });
      assert.deepEqual(answer.error, null);
      assert.deepEqual(stepsOf(answer).slice(1, 4), ['tcp', 'proxy', 'tls']);
    });
  });
});
