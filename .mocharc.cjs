module.exports = {
  require: ['tsx/cjs'],
  timeout: 20_000,
  // Node.js 20 can spin for ever while it takes itself apart after the last test, when a child process (the compiler behind tsx)
  // ends in the same moment. Leaving at once is the way around; tests close what they open all the same.
  exit: true,
};
