/**
 * What the dialogs accept in a field. Each rule answers with the key of the reason, or undefined when the
 * value is fine. A value with `${NAME}` in it is only known when the node starts, so it is always fine here.
 */
export interface Refusal {
  /** Key in the `validate` group of the locale file. */
  key: 'required' | 'wholeNumber' | 'number' | 'property' | 'timeZone';
  min?: number;
  max?: number;
}

export type Rule = (value: unknown) => Refusal | undefined;

const PLACEHOLDER = /\$\{[A-Za-z_][A-Za-z0-9_]*\}/;

/** Refuses a value that is empty or only white space. */
export const filled: Rule = (value) => (text(value) === '' ? { key: 'required' } : undefined);

/** Accepts whole numbers from `min` to `max`. */
export function wholeNumber(min: number, max: number): Rule {
  return inRange(/^\d+$/, { key: 'wholeNumber', min, max });
}

/** Accepts numbers from `min` to `max`, with a decimal point or not. */
export function decimalNumber(min: number, max: number): Rule {
  return inRange(/^\d+(\.\d+)?$/, { key: 'number', min, max });
}

/** Accepts what the platform knows as a time zone, or nothing. */
export const timeZone: Rule = (value) => {
  const name = text(value);
  if (name === '' || PLACEHOLDER.test(name)) return undefined;
  try {
    new Intl.DateTimeFormat('en', { timeZone: name });
    return /^[A-Za-z]/.test(name) ? undefined : { key: 'timeZone' };
  } catch {
    return { key: 'timeZone' };
  }
};

function inRange(form: RegExp, refusal: Refusal & { min: number; max: number }): Rule {
  return (value) => {
    const digits = text(value);
    if (PLACEHOLDER.test(digits)) return undefined;
    const fits = form.test(digits) && Number(digits) >= refusal.min && Number(digits) <= refusal.max;
    return fits ? undefined : refusal;
  };
}

function text(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value).trim() : '';
}
