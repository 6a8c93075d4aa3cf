/** What is worth knowing about a combination of fields that is allowed, and may not do what it looks like. */

export interface Combination {
  to: string;
  cc: string;
  bcc: string;
  template: string;
  batchSize: string;
  /** false, buffers or true. */
  attach: string;
  attachFolder: string;
}

/** A text below a field: its key in the `advice` group of the locale file. */
export interface Advice {
  field: 'to' | 'template' | 'batchSize' | 'attachFolder';
  key: 'recipient' | 'noBody' | 'tableOfOne' | 'noFolder';
}

/** The advice for a combination, in the order of the fields. */
export function adviceFor(fields: Combination): Advice[] {
  const advice: Advice[] = [];
  if ([fields.to, fields.cc, fields.bcc].every(blank)) advice.push({ field: 'to', key: 'recipient' });
  if (blank(fields.template)) advice.push({ field: 'template', key: 'noBody' });
  if (/^\s*1\s*$/.test(fields.batchSize) && /\{\{\s*#\s*events\s*\}\}/.test(fields.template)) {
    advice.push({ field: 'batchSize', key: 'tableOfOne' });
  }
  if (fields.attach === 'true' && blank(fields.attachFolder))
    advice.push({ field: 'attachFolder', key: 'noFolder' });
  return advice;
}

function blank(text: string): boolean {
  return text.trim() === '';
}
