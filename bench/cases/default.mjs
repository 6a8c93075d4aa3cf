/** Each msg is a mail of its own: the fields of new nodes first, then what changes with the others. */
import { inTurns, perSecond, send, withPeers } from '../rounds.mjs';
import { startBarePool, startEmailNode, startSendEmail, TEXT } from '../peers.mjs';
import { startSink } from '../sink.mjs';

export const title = '3,000 msgs of 2 KB, each a mail, over 2 connections';

const MEMORY = { outbox: 'memory' };

export async function run({ runs, scale }) {
  const load = { count: scale(3_000), bytes: 2_048 };
  return withPeers([startSink], (sink) => {
    const pool = async (html, more) => {
      const mails = html ? 'HTML and text' : 'text';
      const name = `nodemailer's pool, ${mails}${more ? ', maxMessages raised' : ''}`;
      return { ...(await startBarePool({ ...sink, html, more })), name };
    };
    const ours = async (name, fields) => ({ ...(await startSendEmail({ ...sink, ...fields })), name });
    const starts = [
      () => ours('fields of new nodes (HTML, disk)', {}),
      () => ours('outbox memory', { connector: MEMORY }),
      () => ours('format text', { node: TEXT }),
      () => ours('format text, outbox memory', { node: TEXT, connector: MEMORY }),
      () => startEmailNode(sink),
      () => pool(true, { maxMessages: 1_000_000 }),
      () => pool(true),
      () => pool(false, { maxMessages: 1_000_000 }),
    ];
    return withPeers(starts, async (...peers) => {
      const [disk, memory, textDisk, textMemory, email, html, paused, text] = peers;
      for (const peer of peers) await send(peer, sink, { ...load, count: 300 });
      const of = await inTurns(peers, runs, (peer) => send(peer, sink, load, { lossy: peer === email }));
      const against = (peer, other, least) => ({
        what: `mails accepted, ${peer.name}`,
        unit: 'mails/s',
        ours: of(peer.name, perSecond),
        other: { name: other.name, values: of(other.name, perSecond) },
        better: 'more',
        ...(least === undefined ? {} : { goal: { ratio: least } }),
      });
      const cpu = ({ cpuMs, sent }) => cpuMs / sent;
      const lost = of(email.name, ({ arrived }) => load.count - arrived);
      return {
        comparisons: [
          against(disk, email, 1.2),
          against(memory, email, 1.5),
          against(disk, html, 0.8),
          against(memory, html, 1),
          against(textDisk, email),
          against(textMemory, email),
          against(textDisk, text),
          against(textMemory, text),
          against(disk, paused),
          {
            what: `sockets open at once, ${disk.name}`,
            unit: '',
            ours: of(disk.name, ({ sockets }) => sockets.peak),
            other: { name: email.name, values: of(email.name, ({ sockets }) => sockets.peak) },
            goal: { most: 2 },
          },
          {
            what: `CPU time for a mail, ${disk.name}`,
            unit: 'ms',
            ours: of(disk.name, cpu),
            other: { name: html.name, values: of(html.name, cpu) },
            better: 'less',
          },
        ],
        notes: [
          "nodemailer's pool makes no text of the HTML, its mails come with both; it keeps nothing on disk",
          'by default that pool pauses for 100 ms each time it replaces a connection, after 100 mails',
          `node-red-node-email, whose mails have text alone, lost ${Math.max(...lost)} mails in its worst run`,
        ],
      };
    });
  });
}
