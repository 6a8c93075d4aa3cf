/** Servers that a test starts are closed after it, also when it fails. */

export interface Closable {
  close: () => Promise<void>;
}

/** For use inside a describe: returns a function that takes a server, starting or started, and gives it back. */
export function closedAfterEach(): <T extends Closable>(server: T | Promise<T>) => Promise<T> {
  const open: Closable[] = [];
  afterEach(async () => {
    await Promise.all(open.splice(0).map((server) => server.close()));
  });
  return async (server) => {
    const started = await server;
    open.push(started);
    return started;
  };
}
