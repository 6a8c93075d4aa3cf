/**
 * What the table of properties says about one property.
 */
/** `list` is separated by white space, `class` is a Java class name, `object` is a Java object that text cannot express. */
export type PropertyType = 'string' | 'int' | 'boolean' | 'list' | 'class' | 'object';

/**
 * - `supported`: changes what the connector does
 * - `informational`: the connector behaves the same whatever the value, and says so
 * - `refused`: an error, because the value cannot be honoured
 * - `ignored`: no effect on sending, and it says so
 */
export type PropertyStatus = 'supported' | 'informational' | 'refused' | 'ignored';

export interface PropertyRow {
  /** A session row has its whole key (`mail.debug`), another what follows `mail.smtp.` or `mail.smtps.` (`host`). */
  name: string;
  type: PropertyType;
  /** JavaMail's default (Angus Mail 2.0); null: unset. */
  javaDefault: string | number | boolean | null;
  /** JavaMail's default under `mail.smtps.`, where it differs. */
  smtpsDefault?: string | number | boolean;
  status: PropertyStatus;
  /** What becomes of it here; marked for translation where a finding says it. */
  here: string;
  /** Values of a refused property that say nothing else than what is done anyway. */
  harmless?: readonly string[];
  /** A refused property that is refused only beside others: the settings decide. */
  conditional?: true;
}

export type Protocol = 'smtp' | 'smtps';
