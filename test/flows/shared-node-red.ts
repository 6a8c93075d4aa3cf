/** One Node-RED for all the tests that only need some Node-RED: each deploys its own flows into it. */
import { startNodeRed, type NodeRed } from './node-red';

let starting: Promise<NodeRed> | undefined;

/** Starts the shared Node-RED with the first call. */
export function sharedNodeRed(): Promise<NodeRed> {
  starting ??= startNodeRed();
  return starting;
}

// Imported at load time, outside any describe: runs once after all the tests.
after(async function () {
  this.timeout(30_000);
  if (starting) await (await starting).stop();
});
