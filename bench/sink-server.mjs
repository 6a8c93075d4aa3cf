/**
 * The bundled mail server: takes every mail, keeps none, counts. It does as little as SMTP allows, so that it is never the
 * one that is measured.
 */
import { readFileSync } from 'node:fs';
import net from 'node:net';
import tls from 'node:tls';
import channel from './channel.cjs';

const { security, login, most, certificates } = JSON.parse(process.argv[2]);

/** Connections that the kernel holds until they are accepted; peers open thousands at once. */
const BACKLOG = 4096;
const END_OF_MAIL = Buffer.from('\r\n.\r\n');

let counts = { mails: 0, sessions: 0, refused: 0, open: 0, peak: 0 };

const server = security === 'implicit' ? tls.createServer(keyPair(), session) : net.createServer(session);
// A connection that TLS never finished is no session, but it is a socket that the client opened.
server.on('error', () => undefined);
server.on('tlsClientError', () => undefined);
server.listen(0, '127.0.0.1', BACKLOG, () => {
  channel.serve({
    port: () => server.address().port,
    stats: () => counts,
    reset: () => {
      counts = { mails: 0, sessions: 0, refused: 0, open: counts.open, peak: counts.open };
    },
  });
});

function keyPair() {
  return {
    cert: readFileSync(`${certificates}/good.pem`),
    key: readFileSync(`${certificates}/good-key.pem`),
  };
}

function session(socket) {
  socket.setNoDelay(true);
  socket.on('error', () => socket.destroy());
  if (most && counts.open >= most) {
    counts.refused += 1;
    socket.end('421 4.7.0 too many connections\r\n');
    return;
  }
  counts.sessions += 1;
  counts.open += 1;
  counts.peak = Math.max(counts.peak, counts.open);
  socket.once('close', () => (counts.open -= 1));
  socket.write('220 sink ESMTP\r\n');

  let rest = Buffer.alloc(0);
  let inMail = false;
  let expected = 0;
  socket.on('data', (chunk) => {
    rest = rest.length === 0 ? chunk : Buffer.concat([rest, chunk]);
    let replies = '';
    for (;;) {
      const mark = inMail ? rest.indexOf(END_OF_MAIL) : rest.indexOf('\r\n');
      if (mark < 0) break;
      if (inMail) {
        inMail = false;
        counts.mails += 1;
        replies += '250 2.0.0 taken\r\n';
        rest = rest.subarray(mark + END_OF_MAIL.length);
        continue;
      }
      const line = rest.toString('latin1', 0, mark);
      rest = rest.subarray(mark + 2);
      if (expected > 0) {
        expected -= 1;
        replies += expected > 0 ? '334 UGFzc3dvcmQ6\r\n' : '235 2.7.0 welcome\r\n';
        continue;
      }
      const verb = line.slice(0, 4).toUpperCase();
      if (verb === 'DATA') inMail = true;
      if (verb === 'AUTH' && line.trim().split(' ').length < 3) expected = /LOGIN/i.test(line) ? 2 : 1;
      replies += reply(verb, expected);
    }
    // Only the end of a mail matters, so the rest of a large one is not kept.
    if (inMail && rest.length > END_OF_MAIL.length) rest = rest.subarray(1 - END_OF_MAIL.length);
    if (replies !== '') socket.write(replies);
    if (replies.includes('221 ')) socket.end();
  });
}

function reply(verb, expected) {
  switch (verb) {
    case 'EHLO':
      return `250-sink\r\n250-PIPELINING\r\n250-8BITMIME\r\n250-SIZE 104857600\r\n${login ? '250-AUTH PLAIN LOGIN\r\n' : ''}250 ENHANCEDSTATUSCODES\r\n`;
    case 'DATA':
      return '354 go on\r\n';
    case 'AUTH':
      return expected > 0 ? '334 VXNlcm5hbWU6\r\n' : '235 2.7.0 welcome\r\n';
    case 'QUIT':
      return '221 2.0.0 bye\r\n';
    default:
      return '250 2.0.0 ok\r\n';
  }
}
