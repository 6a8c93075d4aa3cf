/* global module, process */
/**
 * Two nodes of the tests. `probe-in` sends the msgs that the parent process gives it; `probe` hands each msg that
 * reaches it to the parent. The channel is that of a forked process, with structured cloning: Buffers, dates and
 * circular references survive it.
 */
module.exports = function (RED) {
  const inputs = new Map();

  function tell(report) {
    if (!process.connected) return;
    try {
      process.send(report);
    } catch (error) {
      // Functions and the like can not be cloned; the test still has to learn that the msg was here.
      const { _msgid, email } = report.msg;
      process.send({ ...report, msg: { _msgid, notCloneable: error.message, status: email?.status } });
    }
  }

  function ProbeIn(config) {
    RED.nodes.createNode(this, config);
    inputs.set(this.id, this);
    this.on('close', () => inputs.delete(this.id));
  }

  function Probe(config) {
    RED.nodes.createNode(this, config);
    this.on('input', (msg, _send, done) => {
      tell({ kind: 'msg', probe: this.id, msg });
      done();
    });
  }

  process.on('message', (request) => {
    if (!request || request.kind !== 'send') return;
    const input = inputs.get(request.probe);
    if (input) for (const msg of request.msgs) input.send(msg);
    tell({ kind: 'answer', id: request.id, error: input ? null : `there is no probe-in ${request.probe}` });
  });
  // A test that is cut off must not leave this process behind.
  process.on('disconnect', () => process.exit(1));

  RED.events.on('flows:started', () => tell({ kind: 'started' }));
  RED.events.on('node-status', ({ id, status }) => tell({ kind: 'status', id, status }));
  RED.hooks.add('onComplete.probe', ({ msg, node, error }) => {
    if (node.node.type !== 'send-email') return;
    tell({
      kind: 'done',
      node: node.id,
      msgid: msg._msgid,
      error: error ? String(error.message || error) : null,
    });
  });

  RED.nodes.registerType('probe-in', ProbeIn);
  RED.nodes.registerType('probe', Probe);
};
