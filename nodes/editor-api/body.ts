/** Reads the fields of a request body; each function throws a MailError BAD_REQUEST that names field and value. */
import { t } from '../language/text';
import { MailError } from '../types';
import { badRequest } from './errors';

export type Fields = Record<string, unknown>;

/** The value as an object of fields. */
export function readFields(name: string, value: unknown): Fields {
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Fields;
  throw badRequest(name, value, t`an object`);
}

/** A text; `otherwise` is taken when the field is not there, and without it the field is required. */
export function readText(fields: Fields, name: string, otherwise?: string): string {
  const value = fields[name] ?? otherwise;
  if (typeof value === 'string') return value;
  throw badRequest(name, value ?? undefined, t`a text`);
}

/** As readText, for a text that no error may show. */
export function readSecret(fields: Fields, name: string): string {
  const value = fields[name] ?? '';
  if (typeof value === 'string') return value;
  throw badRequest(name, t`of the type ${typeof value}`, t`a text`);
}

/** A boolean; `otherwise` is taken when the field is not there, and without it the field is required. */
export function readFlag(fields: Fields, name: string, otherwise?: boolean): boolean {
  const value = fields[name] ?? otherwise;
  if (typeof value === 'boolean') return value;
  throw badRequest(name, value ?? undefined, t`true or false`);
}

/** Refuses a body of more than `most` bytes with a MailError TOO_LARGE. */
export function limitBody(body: unknown, most: number): void {
  let size: number;
  try {
    size = Buffer.byteLength(JSON.stringify(body) ?? '');
  } catch {
    throw new MailError('BAD_REQUEST', t`The body is nested too deeply`);
  }
  if (size > most) {
    throw new MailError('TOO_LARGE', t`The body has ${size} bytes, and ${most} are the most`);
  }
}
