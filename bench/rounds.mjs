/** Runs peers in turns, so that what else the machine does meets all of them alike. */

/** Calls `measure` for each peer in each round, the order reversed in every other one; gives the results by peer's name. */
export async function inTurns(peers, runs, measure) {
  const results = new Map(peers.map(({ name }) => [name, []]));
  for (let round = 0; round < runs; round++) {
    for (const peer of round % 2 === 0 ? peers : peers.toReversed()) {
      results.get(peer.name).push(await measure(peer));
    }
  }
  return (name, value) => results.get(name).map(value);
}

/** Starts peers, lets `work` use them, and stops them whatever happened. Each start is a function that gives a peer. */
export async function withPeers(starts, work) {
  const peers = [];
  try {
    for (const start of starts) peers.push(await start());
    return await work(...peers);
  } finally {
    await Promise.all(peers.map((peer) => peer.stop()));
  }
}

/** Mails or msgs per second of a run. */
export const perSecond = ({ sent, ms }) => (sent / ms) * 1000;

/**
 * Has a peer send `load` and throws unless the mail server took every mail; `lossy` peers may lose some. `expected` is the
 * number of mails that the msgs make.
 */
export async function send(peer, sink, load, { lossy = false, expected = load.count } = {}) {
  await sink.reset();
  const result = await peer.ask('run', { slice: 100, limitMs: 60_000, ...load });
  const arrived = await sink.mails();
  if (!lossy && (arrived !== expected || result.sent !== load.count)) {
    const told = `${result.sent} sent, ${result.failed} failed`;
    throw new Error(`${peer.name}: ${arrived} of ${expected} mails arrived (${told} of ${load.count} msgs)`);
  }
  return { ...result, arrived };
}
