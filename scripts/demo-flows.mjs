// The demo's user directory: the examples as flows, their connectors pointed at the local inbox.
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';

/** Ids in the digest example. */
export const DIGEST = { inject: '5e4de3a100040002', connector: '5e4de3a100040001' };

const SETTINGS = {
  uiHost: '127.0.0.1',
  flowFile: 'flows.json',
  // Nothing in a demo is secret, and a secret kept beside the file would protect nothing.
  credentialSecret: false,
  telemetry: { enabled: false, updateNotification: false },
  editorTheme: { tours: false },
  logging: { console: { level: 'warn', metrics: false, audit: false } },
};

/**
 * Makes a Node-RED user directory with the package, settings and flows. Flows that were deployed by hand since the last
 * run are kept. Answers whether they were.
 */
export function writeUserDir(root, userDir) {
  const files = path.join(userDir, 'files');
  mkdirSync(files, { recursive: true });
  linkPackage(root, userDir);

  writeFileSync(
    path.join(userDir, 'settings.js'),
    `module.exports = ${JSON.stringify(SETTINGS, null, 2)};\n`,
  );

  const flows = path.join(userDir, 'flows.json');
  const asWritten = path.join(userDir, 'flows.examples.json');
  const edited = existsSync(flows) && readText(flows) !== readText(asWritten);
  if (edited) return true;
  const text = JSON.stringify(demoFlows(path.join(root, 'examples'), files), null, 2);
  for (const file of [flows, asWritten]) writeFileSync(file, text);
  return false;
}

/** All examples as one flow file, for the local inbox and the given folder of files. */
export function demoFlows(examples, files) {
  const names = readdirSync(examples).filter((name) => name.endsWith('.json'));
  return names
    .sort()
    .flatMap((name) => JSON.parse(readText(path.join(examples, name))).map((node) => atHome(node, files)));
}

function atHome(node, files) {
  if (node.type === 'email-server-connector')
    return { ...node, properties: inboxProperties(node.properties) };
  if (node.type === 'tab') {
    return {
      ...node,
      env: node.env.map((entry) => (entry.name === 'FOLDER' ? { ...entry, value: files } : entry)),
    };
  }
  return node;
}

/** Properties for the inbox, which asks for no login; the sender and the debug switch of the example stay. */
function inboxProperties(properties) {
  const kept = properties.split('\n').filter((line) => /^mail\.(from|debug)=/.test(line));
  if (!kept.some((line) => line.startsWith('mail.from=')))
    kept.push('mail.from=Node-RED <node-red@example.com>');
  return ['mail.smtp.host=127.0.0.1', 'mail.smtp.port=${DEMO_SMTP_PORT}', ...kept].join('\n') + '\n';
}

function linkPackage(root, userDir) {
  const { name } = JSON.parse(readText(path.join(root, 'package.json')));
  const link = path.join(userDir, 'node_modules', name);
  mkdirSync(path.dirname(link), { recursive: true });
  rmSync(link, { force: true });
  symlinkSync(root, link, 'junction');
}

function readText(file) {
  return existsSync(file) ? readFileSync(file, 'utf8') : '';
}
