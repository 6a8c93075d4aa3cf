/* global module, require, process, setImmediate, setTimeout, clearTimeout, setInterval, clearInterval */
/**
 * Two nodes of the benchmark. `bench-source` sends msgs as fast as the flow takes them and says what came of them;
 * `bench-failed`, behind a Catch node, counts those that failed. A msg has succeeded when its mail node called done().
 */
const { subscribe } = require('node:diagnostics_channel');
const { monitorEventLoopDelay, performance } = require('node:perf_hooks');
const { serve } = require('../channel.cjs');
const { msgOf } = require('../load.cjs');

/** Between two looks at the memory in use, ms. */
const LOOK_MS = 20;

const MAIL_NODES = ['send-email', 'e-mail'];

/** Sockets that the process opened, those open now, and the most at once. */
const sockets = { opened: 0, open: 0, peak: 0 };
subscribe('net.client.socket', ({ socket }) => {
  sockets.opened += 1;
  sockets.open += 1;
  sockets.peak = Math.max(sockets.peak, sockets.open);
  socket.once('close', () => (sockets.open -= 1));
});

module.exports = function (RED) {
  let source = null;
  let onOutcome = () => undefined;
  let served = false;

  RED.nodes.registerType('bench-source', function (config) {
    RED.nodes.createNode(this, config);
    source = this;
  });
  RED.nodes.registerType('bench-failed', function (config) {
    RED.nodes.createNode(this, config);
    this.on('input', (msg, send, done) => {
      onOutcome('failed');
      done();
    });
  });
  RED.hooks.add('onComplete.bench', ({ node, error }) => {
    if (!error && MAIL_NODES.includes(node.node.type)) onOutcome('sent');
  });

  /**
   * Sends `count` msgs, `slice` of them in one turn of the event loop, with `topics` different topics (default: each its
   * own); resolves when all ended, or the time is over.
   */
  function run({ count, bytes, slice, limitMs, topics = count }) {
    const counts = { sent: 0, failed: 0 };
    const openBefore = sockets.open;
    Object.assign(sockets, { opened: 0, peak: sockets.open });
    const delay = monitorEventLoopDelay();
    delay.enable();
    const cpu = process.cpuUsage();
    const start = performance.now();
    let rss = 0;
    const look = setInterval(() => (rss = Math.max(rss, process.memoryUsage.rss())), LOOK_MS);
    return new Promise((resolve) => {
      const end = () => {
        clearInterval(look);
        const ms = performance.now() - start;
        clearTimeout(timer);
        delay.disable();
        onOutcome = () => undefined;
        const { user, system } = process.cpuUsage(cpu);
        resolve({
          ...counts,
          ms,
          cpuMs: (user + system) / 1000,
          sockets: { opened: sockets.opened + openBefore, peak: sockets.peak },
          rss,
          delay: { p99: delay.percentile(99) / 1e6, max: delay.max / 1e6 },
        });
      };
      const timer = setTimeout(end, limitMs);
      onOutcome = (outcome) => {
        counts[outcome] += 1;
        if (counts.sent + counts.failed === count) end();
      };
      let number = 0;
      (function sendSlice() {
        for (let left = slice; left > 0 && number < count; left--)
          source.send(msgOf((number++ % topics) + 1, bytes));
        if (number < count) setImmediate(sendSlice);
      })();
    });
  }

  /** Sends one msg after the other, each when the one before was accepted; gives the ms of each. */
  async function oneByOne({ count, bytes, pauseMs }) {
    const times = [];
    for (let number = 1; number <= count; number++) {
      const start = performance.now();
      await new Promise((resolve, reject) => {
        onOutcome = (outcome) => (outcome === 'sent' ? resolve() : reject(new Error('the mail failed')));
        source.send(msgOf(number, bytes));
      });
      times.push(performance.now() - start);
      await new Promise((resolve) => setTimeout(resolve, pauseMs));
    }
    onOutcome = () => undefined;
    return times;
  }

  /** Sends msgs with the properties given, `gapMs` apart, and waits for nothing. */
  async function feed({ msgs, gapMs }) {
    for (const msg of msgs) {
      source.send(msg);
      await new Promise((resolve) => setTimeout(resolve, gapMs));
    }
  }

  /** Bytes in use after a collection of garbage; needs --expose-gc. */
  function memory() {
    globalThis.gc();
    return process.memoryUsage();
  }

  RED.events.on('flows:started', () => {
    if (!served) serve({ run, oneByOne, feed, memory });
    served = true;
  });
};
