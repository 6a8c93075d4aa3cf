import type { OutgoingMail } from '../types';

/** What a mail is called in texts for people: its subject, else its id, which files on the disk have too. */
export function mailName({ subject, id }: Pick<OutgoingMail, 'subject' | 'id'>): string {
  return subject.trim() === '' ? id : subject;
}
