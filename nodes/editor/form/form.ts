/** The form of a send-email node as it stands, saved or not. */

const TEXTS = [
  'server',
  'from',
  'fromType',
  'to',
  'toType',
  'cc',
  'ccType',
  'bcc',
  'bccType',
  'replyTo',
  'replyToType',
  'subject',
  'subjectType',
  'format',
  'batchSize',
  'batchTimeout',
  'batchBy',
  'batchByType',
  'attachProperty',
  'attachFolder',
  'attachMaxMb',
  'priority',
  'timeZone',
  'attach',
] as const;

export type FormValues = Record<(typeof TEXTS)[number] | 'id' | 'template', string>;

/** Reads every field; the template is in its own editor. A connector that is still to be added is none. */
export function readForm(id: string, template: string): FormValues {
  const value = (field: string) => String($(`#node-input-${field}`).val() ?? '');
  const texts = Object.fromEntries(TEXTS.map((field) => [field, value(field)])) as Record<
    (typeof TEXTS)[number],
    string
  >;
  return {
    ...texts,
    id,
    template,
    server: texts.server === '_ADD_' ? '' : texts.server,
  };
}
