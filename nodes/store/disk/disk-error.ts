import { t } from '../../language/text';
import { MailError } from '../../types';
import { codeOf } from './files';

const FULL = ['ENOSPC', 'EDQUOT'];
const FOLDER = ['EACCES', 'EPERM', 'EROFS', 'ENOTDIR', 'ENOENT', 'ELOOP', 'ENAMETOOLONG', 'EISDIR', 'EEXIST'];
const HANDLES = ['EMFILE', 'ENFILE'];

/**
 * What a failure of the file system means for the outbox in `folder`: OUTBOX_DISK (full, broken, out of file
 * descriptors) or OUTBOX_FOLDER (can not be used as it is). A MailError stays as it is.
 */
export function diskError(error: unknown, folder: string): MailError {
  if (error instanceof MailError) return error;
  const code = codeOf(error);
  const text = error instanceof Error ? error.message : String(error);
  if (FOLDER.includes(code)) {
    return new MailError('OUTBOX_FOLDER', t`The outbox folder ${folder} can not be used: ${text}`, {
      hint: t`Make the folder and all in it readable and writable for the user that runs Node-RED.`,
      cause: error,
    });
  }
  return new MailError('OUTBOX_DISK', t`The outbox in ${folder} could not be read or written: ${text}`, {
    hint: hintFor(code),
    cause: error,
  });
}

function hintFor(code: string): string {
  if (FULL.includes(code)) return t`Free space on this disk or raise the quota; then mails are taken again.`;
  if (HANDLES.includes(code)) return t`Too many files are open: raise the limit of open files (ulimit -n).`;
  return t`Check the disk and the log of the operating system; then mails are taken again.`;
}
