/** What a route of the editor is. */
export interface Route {
  method: 'get' | 'post';
  path: string;
  permission: string;
  /** The answer; what it throws becomes the error that is answered. */
  act: (id: string, body: unknown, who: Asking) => unknown;
}

/** Who asks. */
export interface Asking {
  /** The name in the editor; empty where nobody logs in to it. */
  user: string;
  /** Aborted when nobody waits for the answer any more. */
  signal: AbortSignal;
  /** Whether there is a permission besides that of the route. */
  may: (permission: string) => Promise<boolean>;
}
