import { N_ } from '../../language/text';
import type { PropertyRow } from './row';

/** The envelope of a mail and the course of a session. */
export const messageRows: readonly PropertyRow[] = [
  {
    name: 'from',
    type: 'string',
    javaDefault: null,
    status: 'supported',
    here: 'The envelope sender (where bounces go) of every mail; `<>` is the null sender. Does not change the From.',
  },
  {
    name: 'dsn.notify',
    type: 'string',
    javaDefault: null,
    status: 'supported',
    here: '`NEVER`, or some of `SUCCESS,FAILURE,DELAY` (RFC 3461). Left out when the server has no DSN.',
  },
  {
    name: 'dsn.ret',
    type: 'string',
    javaDefault: null,
    status: 'supported',
    here: '`FULL` or `HDRS` (RFC 3461). Left out when the server has no DSN.',
  },
  {
    name: 'sendpartial',
    type: 'boolean',
    javaDefault: false,
    status: 'informational',
    here: N_(
      'Accepted recipients always get the mail; refused ones are reported. (JavaMail: nobody, unless true.)',
    ),
  },
  {
    name: 'mailextension',
    type: 'string',
    javaDefault: null,
    status: 'refused',
    here: N_(
      'Text for MAIL FROM. SIZE, SMTPUTF8 and DSN are automatic; dropping another in silence would be unsafe.',
    ),
  },
  {
    name: 'submitter',
    type: 'string',
    javaDefault: null,
    status: 'ignored',
    here: N_('The AUTH parameter of MAIL FROM is not sent.'),
  },
  {
    name: 'allow8bitmime',
    type: 'boolean',
    javaDefault: false,
    status: 'ignored',
    here: N_('Text is sent as quoted-printable or base64, which every server takes.'),
  },
  {
    name: 'reportsuccess',
    type: 'boolean',
    javaDefault: false,
    status: 'ignored',
    here: N_('Success is always reported, on the first output.'),
  },
  {
    name: 'quitwait',
    type: 'boolean',
    javaDefault: true,
    status: 'ignored',
    here: N_('Nothing waits for the reply to QUIT.'),
  },
  {
    name: 'quitonsessionreject',
    type: 'boolean',
    javaDefault: false,
    status: 'ignored',
    here: N_('A refused session is closed.'),
  },
  {
    name: 'userset',
    type: 'boolean',
    javaDefault: false,
    status: 'ignored',
    here: N_('Connections are not probed with RSET.'),
  },
  {
    name: 'noop.strict',
    type: 'boolean',
    javaDefault: true,
    status: 'ignored',
    here: N_('Connections are not probed with NOOP.'),
  },
  {
    name: 'chunksize',
    type: 'int',
    javaDefault: -1,
    status: 'ignored',
    here: N_('Mails are sent with DATA, never with BDAT.'),
  },
];
