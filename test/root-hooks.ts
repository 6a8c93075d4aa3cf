/** What ends with the tests: of a file where files run side by side, else of all. */
import { stopSharedNodeRed } from './flows/shared-node-red';

export const mochaHooks = {
  async afterAll(this: Mocha.Context): Promise<void> {
    this.timeout(30_000);
    await stopSharedNodeRed();
  },
};
