/** Gets the values that templates take from outside the msg, as the core template node does. */
import { parseExternal, type Externals } from '../mail/template/scope';

export interface ContextSources {
  /** A value of the flow or global context; `store` is undefined for the default one. */
  context(kind: 'flow' | 'global', store: string | undefined, key: string): Promise<unknown>;
  /** An environment variable as the node sees it. */
  env(name: string): unknown;
}

const NO_VALUES: Externals = {};

/** The values of these names (`flow.x`, `global.x`, `env.X`), read anew for each msg. Rejects as `sources` do. */
export async function contextValues(names: readonly string[], sources: ContextSources): Promise<Externals> {
  if (names.length === 0) return NO_VALUES;
  const values: Record<string, unknown> = {};
  for (const name of names) {
    const external = parseExternal(name);
    if (!external) continue;
    values[name] =
      external.kind === 'env'
        ? sources.env(external.name)
        : await sources.context(external.kind, external.store, external.key);
  }
  return values;
}
