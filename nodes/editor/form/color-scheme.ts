/** Whether a mail program shows mails in light or in dark colours. */
export type Scheme = 'light' | 'dark';

/**
 * A style sheet in which one of the two schemes holds, whatever the reader's system prefers: a frame takes that over and
 * can not be told otherwise.
 */
export function inScheme(styles: string, scheme: Scheme): string {
  return styles
    .replace(/\(\s*prefers-color-scheme\s*:\s*(light|dark)\s*\)/gi, (_, wanted: string) =>
      wanted.toLowerCase() === scheme ? '(min-width: 0)' : '(max-width: 0)',
    )
    .replace(/(?<![\w-])color-scheme\s*:\s*(?:light\s+dark|dark\s+light)\b/gi, `color-scheme: ${scheme}`);
}
