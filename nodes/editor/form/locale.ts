import type { Refusal, Rule } from './rules';

const PACKAGE = '@email-server-connector/node-red-send-email';

/** Looks up a text of a node type; also where no node is at hand to ask for it. */
export function textOf(type: string): (key: string, values?: Record<string, string | number>) => string {
  return (key, values) => RED._(`${PACKAGE}/${type}:${key}`, values);
}

/** Makes a rule into a validator of the editor, which shows the reason next to the field's label. */
export function check<T>(type: string, rule: Rule): Validator<T> {
  return (value, options) => verdict(type, rule(value), options);
}

/** The editor's answer for a refusal: true, or the reason as the reader sees it. */
export function verdict(
  type: string,
  refusal: Refusal | undefined,
  options: ValidatorOptions,
): true | string {
  if (!refusal) return true;
  const { key, min = 0, max = 0 } = refusal;
  const reason = textOf(type)(`validate.${key}`, { min, max });
  return options.label ? `${options.label}: ${reason}` : reason;
}
