/** Starts a real Node-RED with one mail node in a flow, in a user directory of its own. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { BENCH, ROOT, startChild, temporaryFolder } from './child.mjs';
import { CERTIFICATES, freePort } from './sink.mjs';

const RED_JS = path.join(ROOT, 'node_modules', 'node-red', 'red.js');

/**
 * Starts Node-RED with the package of a folder and the nodes given; the node with id `mail` gets the msgs. `credentials`
 * are by id of the node. Resolves when the flow runs.
 */
export async function startNodeRed({ packageName, packageFolder, nodes, credentials = {} }) {
  const { folder, remove } = temporaryFolder();
  const port = await freePort();
  const link = path.join(folder, 'node_modules', packageName);
  mkdirSync(path.dirname(link), { recursive: true });
  symlinkSync(packageFolder, link, 'junction');
  const write = (name, content) => writeFileSync(path.join(folder, name), content);
  write('package.json', JSON.stringify({ name: 'bench', dependencies: {} }));
  write('settings.js', `module.exports = ${JSON.stringify(settings(port))};\n`);
  write('flows.json', JSON.stringify(flow(nodes)));
  write('flows_cred.json', JSON.stringify(credentials));

  const child = await startChild(
    RED_JS,
    ['--userDir', folder, '--settings', path.join(folder, 'settings.js')],
    {
      cwd: folder,
      execArgv: ['--expose-gc', ...(process.env.BENCH_NODE_ARGS ?? '').split(' ').filter(Boolean)],
      env: {
        PATH: process.env.PATH ?? '',
        HOME: folder,
        NODE_EXTRA_CA_CERTS: path.join(CERTIFICATES, 'ca.pem'),
      },
    },
  );
  return {
    ...child,
    url: `http://127.0.0.1:${port}`,
    async stop() {
      await child.stop();
      remove();
    },
  };
}

function settings(uiPort) {
  return {
    uiHost: '127.0.0.1',
    uiPort,
    flowFile: 'flows.json',
    // The credentials of the benchmark are no secret, and a file in clear can be written without Node-RED.
    credentialSecret: false,
    nodesDir: path.join(BENCH, 'probe'),
    telemetry: { enabled: false, updateNotification: false },
    editorTheme: { tours: false },
    contextStorage: { default: { module: 'memory' } },
    logging: { console: { level: 'fatal', metrics: false, audit: false } },
  };
}

function flow(nodes) {
  return [
    { id: 'tab', type: 'tab', label: 'bench' },
    { id: 'source', type: 'bench-source', z: 'tab', wires: [['mail']] },
    // Not named as its type: Node-RED would take it for a node that needs itself.
    { id: 'catcher', type: 'catch', z: 'tab', scope: ['mail'], uncaught: false, wires: [['failed']] },
    { id: 'failed', type: 'bench-failed', z: 'tab', wires: [] },
    ...nodes,
  ];
}
