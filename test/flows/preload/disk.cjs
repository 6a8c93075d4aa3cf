/**
 * Loaded into a Node-RED before it starts: the disk of its outboxes does what the test says, whoever runs it. `free` is what
 * the file system says it has left (bytes), `code` the error of all that writes.
 */
/* global process */
/* eslint no-redeclare: off */
const fs = require('node:fs/promises');

let free = null;
let code = process.env.DISK_CODE || null;

const ofOutbox = (path) => String(path).includes('email-outbox');
const WRITES = /[wa+]/;

async function mayWrite(path) {
  if (code && ofOutbox(path)) throw Object.assign(new Error(`${code}: made up, '${path}'`), { code });
}

const { open, statfs } = fs;
fs.open = async (path, flags, mode) => {
  if (WRITES.test(flags)) await mayWrite(path);
  const handle = await open(path, flags, mode);
  for (const name of ['write', 'sync', 'datasync']) {
    const real = handle[name].bind(handle);
    handle[name] = async (...args) => {
      if (WRITES.test(flags)) await mayWrite(path);
      return real(...args);
    };
  }
  return handle;
};
for (const name of ['mkdir', 'rename', 'unlink', 'chmod']) {
  const real = fs[name];
  fs[name] = async (path, ...args) => {
    await mayWrite(path);
    return real(path, ...args);
  };
}
fs.statfs = async (path, ...args) => {
  const found = await statfs(path, ...args);
  return free === null || !ofOutbox(path) ? found : { ...found, bavail: free, bsize: 1 };
};

process.on('message', (message) => {
  if (message?.kind !== 'disk') return;
  ({ free = null, code = null } = message);
});
