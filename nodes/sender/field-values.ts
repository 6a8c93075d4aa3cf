/** Gets the values that come from elsewhere than the templates and the msg, for each msg. */
import { t } from '../language/text';
import { describeSource, type FieldValues, type TypedField, type TypedSource } from '../mail/typed-fields';
import { parseExternal, type Externals } from '../mail/template/scope';
import { shownValue } from '../mail/template/text-view';
import { MailError, type Msg } from '../types';

/** Finds the value of a source for a msg; made once, and throws what is wrong with the source itself. */
export type Evaluator = (source: TypedSource) => (msg: Msg) => Promise<unknown>;

export interface FieldReader {
  /** Rejects with a MailError FIELD_VALUE that names the field and the reason. */
  read: (msg: Msg) => Promise<FieldValues>;
  /** Why the node must not start: MailError FIELD_VALUE for each source that can not be read at all. */
  errors: MailError[];
}

/** Makes a reader of these sources. */
export function createFieldReader(
  typed: ReadonlyMap<TypedField, TypedSource>,
  evaluator: Evaluator,
): FieldReader {
  const errors: MailError[] = [];
  const evaluate = new Map<TypedSource, (msg: Msg) => Promise<unknown>>();
  for (const source of typed.values()) {
    try {
      evaluate.set(source, evaluator(source));
    } catch (error) {
      errors.push(unusable(source, error));
    }
  }
  async function read(msg: Msg): Promise<FieldValues> {
    const values: Partial<Record<TypedField, unknown>> = {};
    for (const [source, valueFor] of evaluate) {
      try {
        values[source.field] = await valueFor(msg);
      } catch (error) {
        throw unreadable(source, error);
      }
    }
    return values;
  }
  return { read, errors };
}

function unusable({ field, type, value }: TypedSource, error: unknown): MailError {
  const [shown, reason] = [shownValue(value), reasonOf(error)];
  const message =
    type === 'jsonata'
      ? t`The field ${field} is ${shown}, which is no valid JSONata expression: ${reason}.`
      : t`The field ${field} is ${shown}, which is no valid property name: ${reason}.`;
  return new MailError('FIELD_VALUE', message, {
    hint: t`Correct it, or choose another type for the field.`,
    field,
    cause: error,
  });
}

function unreadable(source: TypedSource, error: unknown): MailError {
  const { field } = source;
  const message = t`${field}: ${describeSource(source)} could not be read: ${reasonOf(error)}.`;
  return new MailError('FIELD_VALUE', message, {
    hint: t`Check the field and the msg.`,
    field,
    cause: error,
  });
}

/** JSONata throws plain objects with a message. */
function reasonOf(error: unknown): string {
  const { message } = (error ?? {}) as { message?: unknown };
  const text = typeof message === 'string' ? message : String(error);
  return text.replace(/[.\s]+$/, '').slice(0, 300);
}

/** Where templates get values that are not in the msg, as the core template node does. */
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
