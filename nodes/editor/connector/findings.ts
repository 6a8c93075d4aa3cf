/** Where in the properties text the findings of a check are shown. */

export interface Finding {
  /** From 1; null when it is about no single line. */
  line: number | null;
  key: string | null;
  code: string;
  message: string;
}

export type Severity = 'error' | 'warning';

export interface Mark {
  /** From 1. */
  line: number;
  /** Columns from 1: the first character, and the one after the last. */
  from: number;
  to: number;
  severity: Severity;
  message: string;
}

/** The marks for findings that are about a line of the text: from its first character that is no space to its last. */
export function marksOf(text: string, severity: Severity, findings: readonly Finding[]): Mark[] {
  const lines = text.split(/\r\n|\r|\n/);
  return findings.flatMap(({ line, message }) => {
    if (line === null) return [];
    const found = Math.min(Math.max(line, 1), lines.length);
    const shown = lines[found - 1] ?? '';
    const from = shown.length - shown.trimStart().length + 1;
    const to = Math.max(shown.trimEnd().length + 1, from + 1);
    return [{ line: found, from, to, severity, message }];
  });
}
