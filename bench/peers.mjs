/** Who is measured. Each is a running process that takes the same requests: `run`, and for the two nodes `oneByOne`. */
import path from 'node:path';
import { BENCH, ROOT, startChild } from './child.mjs';
import load from './load.cjs';
import { startNodeRed } from './node-red.mjs';

const LOGIN = { user: 'plant@example.com', password: 'a password' };

/** The fields of a node that makes the smallest mails: only text, and only in memory. */
export const SMALLEST = {
  connector: { outbox: 'memory' },
  node: { format: 'text', template: '{{event}}' },
};

/**
 * This package, with the fields that new nodes have (HTML, outbox on disk) but for those given: `connector` and `node` are
 * fields of its two nodes.
 */
export async function startSendEmail({ port, secure = false, connector = {}, node = {} }) {
  const properties = [
    'mail.smtp.host=127.0.0.1',
    `mail.smtp.port=${port}`,
    ...(secure ? ['mail.smtp.ssl.enable=true', 'mail.smtp.auth=true'] : []),
  ];
  const red = await startNodeRed({
    packageName: '@email-server-connector/node-red-send-email',
    packageFolder: ROOT,
    nodes: [
      {
        id: 'connector',
        type: 'email-server-connector',
        title: 'bench',
        properties: properties.join('\n'),
        autostart: true,
        connections: 2,
        outboxLimit: 100_000,
        ...connector,
      },
      {
        id: 'mail',
        type: 'send-email',
        z: 'tab',
        name: '',
        server: 'connector',
        to: load.TO,
        wires: [[], []],
        ...node,
      },
    ],
    credentials: secure ? { connector: { username: LOGIN.user, password: LOGIN.password } } : {},
  });
  return { name: 'send-email', ...red };
}

/** node-red-node-email with its fields as its dialog sets them. */
export async function startEmailNode({ port, secure = false }) {
  const red = await startNodeRed({
    packageName: 'node-red-node-email',
    packageFolder: path.join(BENCH, 'node_modules', 'node-red-node-email'),
    nodes: [
      {
        id: 'mail',
        type: 'e-mail',
        z: 'tab',
        server: '127.0.0.1',
        port: String(port),
        authtype: secure ? 'BASIC' : 'NONE',
        saslformat: true,
        token: 'oauth2Response.access_token',
        secure,
        tls: true,
        name: load.TO,
        dname: '',
        wires: [],
      },
    ],
    credentials: secure ? { mail: { userid: LOGIN.user, password: LOGIN.password } } : {},
  });
  return { name: 'node-red-node-email', ...red };
}

/** nodemailer's pool in a plain Node.js process; `more` are options besides its defaults, `html` has it send HTML and text. */
export async function startBarePool({ port, more = {}, html = false }) {
  const child = await startChild(path.join(BENCH, 'bare-pool.mjs'), [JSON.stringify({ port, more, html })]);
  return { name: "nodemailer's pool", ...child };
}
