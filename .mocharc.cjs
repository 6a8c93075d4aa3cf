module.exports = {
  require: ['tsx/cjs', './test/root-hooks.ts'],
  timeout: 20_000,
  // Most tests wait for servers, Node-REDs and pages more than they compute.
  parallel: true,
  jobs: 2,
  // Node.js 20 can spin for ever while it takes itself apart after the last test, when a child process (the compiler behind tsx)
  // ends in the same moment. Leaving at once is the way around; tests close what they open all the same.
  exit: true,
};
