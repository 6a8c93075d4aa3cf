/** Gets the values that templates take from outside the msg, as the core template node does. */
import { parseExternal, type Externals } from '../mail/template/scope';

export interface Sources {
  /** A value of the flow or global context; `store` is undefined for the default one. */
  context(kind: 'flow' | 'global', store: string | undefined, key: string): Promise<unknown>;
  /** An environment variable as the node sees it. */
  env(name: string): unknown;
}

const NONE: Externals = {};

/** Resolves external names for one msg. Nothing is asked for when there is no name. */
export async function resolveExternals(names: readonly string[], sources: Sources): Promise<Externals> {
  if (names.length === 0) return NONE;
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
