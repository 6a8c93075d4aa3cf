/** Where the problems of a preview are shown. */

export interface PreviewProblem {
  /** A field of the node, a property of the msg, or empty. */
  field: string;
  code: string;
  message: string;
  /** From 1; for a field with several lines. */
  line?: number;
}

/** Where a problem goes that is about the samples, or about no field. */
export const SAMPLES = 'samples';

/** The messages for each field of the node; those for no field are with the samples. */
export function problemsByField(
  problems: readonly PreviewProblem[],
  fields: readonly string[],
): Map<string, string[]> {
  const byField = new Map<string, string[]>();
  for (const { field, message } of problems) {
    const place = fields.includes(field) ? field : SAMPLES;
    byField.set(place, [...(byField.get(place) ?? []), message]);
  }
  return byField;
}
