import { t } from './text';

/** The message of an error with what to do about it, as one text: logs and Catch nodes show nothing else. */
export function explanation({ message, hint }: { message: string; hint?: string }): string {
  if (!hint || message.includes(hint)) return message;
  const sentence = message.replace(/[.。\s]*$/, '');
  return t`${sentence}. ${hint}`;
}
