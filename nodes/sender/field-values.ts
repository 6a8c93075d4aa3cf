/** Gets the values of the fields that are no templates, for each msg. */
import { t } from '../language/text';
import { describeSource, type FieldValues, type TypedField, type TypedSource } from '../mail/typed-fields';
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
