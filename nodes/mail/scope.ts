/** How a name in a template finds its value: in the nearest view that has it, or among the external values. */

/** The values of external names, as written in the templates: `flow.limit`, `global[disk].site`, `env.HOST`. */
export type Externals = Readonly<Record<string, unknown>>;

/** A view (the data of a section) and the scope around it. */
export interface Scope {
  readonly view: unknown;
  readonly parent?: Scope;
}

/** The key under which a view carries the external values that hold for it; no template can name a symbol. */
export const externalsKey: unique symbol = Symbol('externals');

export type External =
  { kind: 'env'; name: string } | { kind: 'flow' | 'global'; store: string | undefined; key: string };

/**
 * Reads a name such as `flow.limit`, `global[disk].site` or `env.HOST`, by the rules of the core template node;
 * undefined when the name is none of these. `store` is undefined for the default context store.
 */
export function parseExternal(name: string): External | undefined {
  // Nearly all names are none of these, and each tag of each event asks.
  if (!/^(?:env|flow|global)/.test(name)) return undefined;
  const env = /^env\.(.+)/.exec(name);
  if (env?.[1]) return { kind: 'env', name: env[1] };
  const context = /^(flow|global)(?:\[(\w+)\])?\.(.+)/.exec(name);
  if (!context?.[3]) return undefined;
  return { kind: context[1] === 'flow' ? 'flow' : 'global', store: context[2], key: context[3] };
}

/**
 * Looks a name up: `.` is the view itself, dots descend, and an inner view hides an outer one. Functions count
 * as missing and are never called; a getter that throws counts as missing too.
 */
export function lookUp(scope: Scope, name: string): unknown {
  if (parseExternal(name)) return lookUpExternal(scope, name);
  if (name === '.') return withoutFunction(scope.view);
  const path = name.split('.');
  for (let at: Scope | undefined = scope; at; at = at.parent) {
    const found = descend(at.view, path);
    if (found) return withoutFunction(found.value);
  }
  return undefined;
}

function lookUpExternal(scope: Scope, name: string): unknown {
  for (let at: Scope | undefined = scope; at; at = at.parent) {
    if (typeof at.view !== 'object' || at.view === null || !Object.hasOwn(at.view, externalsKey)) continue;
    const externals = (at.view as { [externalsKey]: Externals })[externalsKey];
    return Object.hasOwn(externals, name) ? withoutFunction(externals[name]) : undefined;
  }
  return undefined;
}

function descend(view: unknown, path: readonly string[]): { value: unknown } | undefined {
  let value = view;
  try {
    for (let i = 0; i < path.length; i++) {
      const name = path[i] as string;
      // A lone name is no property of a text: {{#length}}{{length}}{{/length}} shows the outer length.
      if (!hasProperty(value, name, path.length > 1 && i === path.length - 1)) return undefined;
      value = (value as Record<string, unknown>)[name];
    }
    return { value };
  } catch {
    return { value: undefined };
  }
}

function hasProperty(value: unknown, name: string, ofText: boolean): boolean {
  if (value === undefined || value === null) return false;
  if (typeof value !== 'object') return ofText && Object.hasOwn(Object(value) as object, name);
  // Getters of classes count, such as those of an HTTP request; what every object inherits does not.
  return Object.hasOwn(value, name) || (name in value && !(name in Object.prototype));
}

function withoutFunction(value: unknown): unknown {
  return typeof value === 'function' ? undefined : value;
}
