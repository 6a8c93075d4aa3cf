/** The child's end of the channel to the benchmark: requests come in, each is answered with what its handler gives. */
/* global process */
'use strict';

/** Serves requests by their `kind`; the process ends when the benchmark does. */
exports.serve = (handlers) => {
  process.on('message', async ({ id, kind, ...request }) => {
    let answer;
    try {
      answer = { id, result: await handlers[kind](request) };
    } catch (error) {
      answer = { id, error: String(error.stack) };
    }
    if (process.connected) process.send(answer);
  });
  process.on('disconnect', () => process.exit(1));
  process.send({ ready: true });
};
