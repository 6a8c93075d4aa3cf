/** The fields of send-email that are a template or name a value, with a choice between the two as in the core nodes. */

/** In the order of the form. */
export const TYPED_FIELDS = ['from', 'to', 'cc', 'bcc', 'replyTo', 'subject', 'batchBy'] as const;

export type TypedField = (typeof TYPED_FIELDS)[number];
export type FieldType = 'str' | 'msg' | 'flow' | 'global' | 'env' | 'jsonata';

/** How a field is shown where there is room for its text only; empty when it is empty. */
export function shownField(value: string, type: FieldType | undefined): string {
  if (value.trim() === '' || !type || type === 'str' || type === 'jsonata') return value.trim();
  const [, store, key] = /^#:\((\S+?)\)::(.*)$/.exec(value) ?? [];
  return store === undefined ? `${type}.${value.trim()}` : `${type}[${store}].${key}`;
}

/** What is wrong with the value of a typed field, by Node-RED's own rules; undefined when nothing is. */
export function typedFault(
  value: string,
  type: FieldType | undefined,
  validate: (value: string, type: string) => true | string | false,
): { key: 'source' } | { reason: string } | undefined {
  if (!type || type === 'str') return undefined;
  if (value.trim() === '') return { key: 'source' };
  // A context store is none of the expression.
  const verdict = validate(value.replace(/^#:\(\S+?\)::/, ''), type);
  if (verdict === true) return undefined;
  return verdict === false ? { key: 'source' } : { reason: verdict };
}
