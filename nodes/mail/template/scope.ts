/** How a name in a template finds its value: in the nearest view that has it, up to the event that it stands in. */

/** The values of external names, as written in the templates: `flow.limit`, `global[disk].site`, `env.HOST`. */
export type Externals = Readonly<Record<string, unknown>>;

/** A view (the data of a section) and the scope around it. */
export interface Scope {
  readonly view: unknown;
  readonly parent?: Scope;
}

/**
 * What counts when the msg and the world outside of it have the same name: in the text of a mail the msg, as in the core
 * template node; for its recipients what the flow's author set, for a msg may come from anybody.
 */
export type Precedence = 'msg' | 'externals';

/**
 * A view that has names of its own over those of a msg. It ends the search: what it does not have is missing, so that one
 * event never shows the value of another.
 */
export abstract class NamedView {
  /** The value of a name of ours, which may have dots; undefined for every other name. */
  abstract own(name: string): unknown;
  /** The value of an external name, as it was when the msg arrived. */
  abstract external(name: string): unknown;
  /** What the msg itself has. */
  abstract readonly msg: object;
  /** How its dates and numbers are written. */
  abstract format(value: unknown, format: string): string | undefined;
  /** HTML that was rendered with this view, with what it refers to under the names that the mail has for it. */
  abstract finish(html: string): string;
}

/** A value of ours over something that the msg has under the same name, which stays within reach below it. */
export class NamedValue {
  constructor(
    readonly value: unknown,
    readonly below: unknown,
  ) {}
}

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
export function lookUp(scope: Scope, name: string, precedence: Precedence = 'msg'): unknown {
  if (name === '.') return withoutFunction(scope.view);
  const { named, format } = root(scope);
  if (precedence === 'externals' && named && parseExternal(name)) {
    const value = withoutFunction(named.external(name));
    if (value !== undefined) return value;
  }
  const path = name.split('.');
  for (let at: Scope | undefined = scope; at; at = at.parent) {
    const found =
      at.view instanceof NamedView
        ? inNamedView(at.view, name, path, format)
        : descend(at.view, path, format);
    if (found) return withoutFunction(found.value);
  }
  return undefined;
}

interface Found {
  value: unknown;
}

type Format = (value: unknown, format: string) => string | undefined;

function root(scope: Scope): { named: NamedView | null; format: Format } {
  let at = scope;
  while (at.parent) at = at.parent;
  const { view } = at;
  if (!(view instanceof NamedView)) return { named: null, format: () => undefined };
  return { named: view, format: (...asked) => view.format(...asked) };
}

/** Ours first for a name alone; below a name the msg comes first, for it must not be hidden there. */
function inNamedView(
  view: NamedView,
  name: string,
  path: readonly string[],
  format: Format,
): Found | undefined {
  const [head = '', ...rest] = path;
  const own = view.own(head);
  if (rest.length === 0) {
    if (own === undefined) return descend(view.msg, path, format);
    // An empty text must stay one: it decides whether a section is shown.
    if (own === '' || own instanceof NamedView || Array.isArray(own)) return { value: own };
    return { value: new NamedValue(own, descend(view.msg, path, format)?.value) };
  }
  const given = descend(view.msg, path, format);
  if (given) return given;
  const dotted = view.own(name);
  if (dotted !== undefined) return { value: dotted };
  if (own !== undefined) {
    return own instanceof NamedView
      ? inNamedView(own, rest.join('.'), rest, format)
      : descend(own, rest, format);
  }
  return parseExternal(name) ? { value: view.external(name) } : undefined;
}

function descend(view: unknown, path: readonly string[], format: Format): Found | undefined {
  if (view instanceof NamedValue) {
    return descend(view.below, path, format) ?? descend(view.value, path, format);
  }
  let value = view;
  try {
    for (let i = 0; i < path.length; i++) {
      const name = path[i] as string;
      if (value instanceof NamedView)
        return inNamedView(value, path.slice(i).join('.'), path.slice(i), format);
      const last = i === path.length - 1;
      // A lone name is no property of a text: {{#length}}{{length}}{{/length}} shows the outer length.
      if (!hasProperty(value, name, path.length > 1 && last)) {
        const text = last && (i > 0 || typeof value === 'object') ? format(value, name) : undefined;
        return text === undefined ? undefined : { value: text };
      }
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
