/**
 * A line to a mail server that is far away: everything arrives half a round trip later, and a new connection costs a whole
 * one before anything can be said, as the handshake of TCP does.
 */
import net from 'node:net';
import { performance } from 'node:perf_hooks';
import channel from './channel.cjs';

const { port, roundTripMs } = JSON.parse(process.argv[2]);
const ONE_WAY = roundTripMs / 2;

const server = net.createServer((client) => {
  const upstream = net.connect(port, '127.0.0.1');
  const connectedAt = performance.now() + roundTripMs;
  for (const [from, to] of [
    [client, upstream],
    [upstream, client],
  ]) {
    from.setNoDelay(true);
    from.on('error', () => undefined);
    from.on('data', (chunk) => later(connectedAt, () => to.write(chunk)));
    from.on('close', () => later(connectedAt, () => to.destroy()));
  }
});
server.listen(0, '127.0.0.1', () => channel.serve({ port: () => server.address().port }));

function later(connectedAt, act) {
  const now = performance.now();
  setTimeout(act, Math.max(connectedAt, now) + ONE_WAY - now);
}
