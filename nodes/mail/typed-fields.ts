/** Fields that are no template but name a value of the msg, of the context or the environment, or an expression. */
import { t } from '../language/text';
import { MailError } from '../types';

/** The fields that may be typed, as in the core nodes: the type of `to` is in `toType`. */
export const TYPED_FIELDS = ['from', 'to', 'cc', 'bcc', 'replyTo', 'subject', 'batchBy'] as const;

/** `str` is a template. */
export const FIELD_TYPES = ['str', 'msg', 'flow', 'global', 'env', 'jsonata'] as const;

export type TypedField = (typeof TYPED_FIELDS)[number];
export type FieldType = (typeof FIELD_TYPES)[number];
export type TypeNames = Record<`${TypedField}Type`, FieldType>;

/** Where a field that is no template has its value from. */
export interface TypedSource {
  readonly field: TypedField;
  readonly type: Exclude<FieldType, 'str'>;
  /** The name of a property or a variable, or the expression. */
  readonly value: string;
}

/** The values of such fields for one msg, whatever they are. */
export type FieldValues = Readonly<Partial<Record<TypedField, unknown>>>;

export const NO_VALUES: FieldValues = {};

/** The fields that have to be asked for with each msg: neither templates nor empty. */
export function typedSources(
  fields: Readonly<Record<TypedField, string> & TypeNames>,
): ReadonlyMap<TypedField, TypedSource> {
  const sources = new Map<TypedField, TypedSource>();
  for (const field of TYPED_FIELDS) {
    const type = fields[`${field}Type`];
    const value = fields[field].trim();
    if (type !== 'str' && value !== '') sources.set(field, { field, type, value });
  }
  return sources;
}

/**
 * The value of an address field, which may be whatever msg.to may be. Throws MailError UNSET_VALUE when there is none, as
 * for a tag of a template: the mail would go to somebody else than meant. An expression may give a blank text or an empty
 * list on purpose.
 */
export function typedAddresses(source: TypedSource, value: unknown): unknown {
  const missing = value === undefined || value === null;
  const blank =
    (typeof value === 'string' && value.trim() === '') || (Array.isArray(value) && value.length === 0);
  if (!missing && !(blank && source.type !== 'jsonata')) return value;
  const { field } = source;
  throw new MailError('UNSET_VALUE', t`${field}: ${describeSource(source)} has no value for this msg.`, {
    hint:
      source.type === 'jsonata'
        ? t`Give "" in the expression where the field may be empty.`
        : t`Set it before the mail node.`,
    field,
  });
}

/** The name of a source as templates have it: `msg.owner`, `flow[disk].owner`, `the environment variable OWNER`. */
export function describeSource({ type, value }: TypedSource): string {
  if (type === 'jsonata') return t`the JSONata expression`;
  const [, store, key] = /^#:\((\S+?)\)::(.*)$/.exec(value) ?? [];
  if (store !== undefined) return `${type}[${store}].${key}`;
  return type === 'env' ? t`the environment variable ${value}` : `${type}.${value}`;
}
