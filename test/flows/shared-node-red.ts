/** One Node-RED for all the tests that only need some Node-RED: each deploys its own flows into it. */
import { startNodeRed, type NodeRed } from './node-red';

/** Environment variables that flows may refer to. */
export const ENVIRONMENT = {
  MAIL_USER: 'plant',
  MAIL_PASSWORD: 'from the environment',
  MAIL_HOST: '127.0.0.1',
};

let starting: Promise<NodeRed> | undefined;

/** Starts the shared Node-RED with the first call. */
export function sharedNodeRed(): Promise<NodeRed> {
  starting ??= startNodeRed({ env: ENVIRONMENT });
  return starting;
}

/** Stops it; the next call starts another one. */
export async function stopSharedNodeRed(): Promise<void> {
  const running = starting;
  starting = undefined;
  if (running) await (await running).stop();
}
