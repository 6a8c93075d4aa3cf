/** Loaded into a Node-RED before it starts: on SIGWINCH it collects garbage and writes down what memory it holds then. */
/* global process, require, setTimeout */
/* eslint no-redeclare: off */
const v8 = require('node:v8');
const vm = require('node:vm');

v8.setFlagsFromString('--expose_gc');
const collect = vm.runInNewContext('gc');

process.on('SIGWINCH', () => {
  // Twice with a turn in between: what the first frees may have held the next.
  collect();
  setTimeout(() => {
    collect();
    process.stdout.write(`memory ${JSON.stringify(process.memoryUsage())}\n`);
  }, 1_000);
});
