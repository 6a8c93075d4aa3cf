/**
 * Loaded into a Node-RED before it starts: its clock does what the test says. `set` is what a person or NTP does to the time of
 * day; `pass` lets time go by at once, for everything that waits for at least a second.
 */
/* global process, globalThis, performance */
/* eslint no-redeclare: off */
const { now } = Date;
const steady = performance.now.bind(performance);
const { setTimeout: start, clearTimeout: cancel } = globalThis;

/** Shorter delays are not worth a leap: they are over soon. */
const LEAST = 1_000;

let setBy = Number(process.env.CLOCK_SET ?? 0);
let passed = 0;
const waiting = new Map();

const wall = () => now() + setBy + passed;
performance.now = () => steady() + passed;

globalThis.Date = new Proxy(Date, {
  construct: (RealDate, args) => (args.length === 0 ? new RealDate(wall()) : new RealDate(...args)),
  get: (RealDate, key) => (key === 'now' ? wall : Reflect.get(RealDate, key)),
});

globalThis.setTimeout = (run, ms, ...args) => {
  const fire = () => {
    waiting.delete(timer);
    run(...args);
  };
  const timer = start(fire, ms);
  if (ms >= LEAST) waiting.set(timer, { due: performance.now() + ms, fire });
  return timer;
};
globalThis.clearTimeout = (timer) => {
  waiting.delete(timer);
  cancel(timer);
};

function pass(ms) {
  passed += ms;
  for (const [timer, { due, fire }] of [...waiting].sort(([, a], [, b]) => a.due - b.due)) {
    if (due > performance.now() || !waiting.has(timer)) continue;
    cancel(timer);
    fire();
  }
}

process.on('message', (message) => {
  if (message?.kind !== 'clock') return;
  setBy += message.set ?? 0;
  if (message.pass) pass(message.pass);
});
