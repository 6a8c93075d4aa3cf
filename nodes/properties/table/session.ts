import { N_ } from '../../language/text';
import type { PropertyRow } from './row';

/** Keys of the session, `mail.*`. */
export const sessionRows: readonly PropertyRow[] = [
  {
    name: 'mail.transport.protocol',
    type: 'string',
    javaDefault: 'smtp',
    status: 'supported',
    here: '`smtp` or `smtps`, anything else is an error. `smtps` reads the `mail.smtps.*` keys and means implicit TLS.',
  },
  {
    name: 'mail.transport.protocol.rfc822',
    type: 'string',
    javaDefault: null,
    status: 'supported',
    here: 'The same. `smtps` in either of the two is enough.',
  },
  {
    name: 'mail.host',
    type: 'string',
    javaDefault: null,
    status: 'supported',
    here: 'The server, when the `host` of the protocol is not there at all (an empty one counts as there).',
  },
  {
    name: 'mail.user',
    type: 'string',
    javaDefault: null,
    status: 'supported',
    here: 'The username, when neither the username field nor the `user` of the protocol is set.',
  },
  {
    name: 'mail.from',
    type: 'string',
    javaDefault: null,
    status: 'supported',
    here: 'The From of a mail that names none. The envelope sender follows it unless `from` of the protocol is set.',
  },
  {
    name: 'mail.debug',
    type: 'boolean',
    javaDefault: false,
    status: 'supported',
    here: 'Logs the SMTP dialogue at debug level, secrets masked, message bodies left out.',
  },
  {
    name: 'mail.debug.auth',
    type: 'boolean',
    javaDefault: false,
    status: 'informational',
    here: N_('The login is always masked.'),
  },
  {
    name: 'mail.debug.auth.username',
    type: 'boolean',
    javaDefault: true,
    status: 'informational',
    here: N_('The login is always masked.'),
  },
  {
    name: 'mail.debug.auth.password',
    type: 'boolean',
    javaDefault: false,
    status: 'informational',
    here: N_('The login is always masked.'),
  },
  {
    name: 'mail.debug.quote',
    type: 'boolean',
    javaDefault: false,
    status: 'ignored',
    here: N_("The format of JavaMail's own trace."),
  },
  {
    name: 'mail.mime.allowutf8',
    type: 'boolean',
    javaDefault: false,
    status: 'informational',
    here: N_('SMTPUTF8 is automatic: used when an address is not ASCII and the server offers it.'),
  },
  {
    name: 'mail.mime.address.strict',
    type: 'boolean',
    javaDefault: true,
    status: 'ignored',
    here: N_('Addresses are always checked.'),
  },
  ...notAboutSending('string', null, ['mail.store.protocol', 'mail.event.scope', 'mail.alternates']),
  ...notAboutSending('object', null, ['mail.event.executor']),
  ...notAboutSending('boolean', false, ['mail.replyallcc']),
];

function notAboutSending(
  type: PropertyRow['type'],
  javaDefault: PropertyRow['javaDefault'],
  names: string[],
): PropertyRow[] {
  return names.map((name) => ({
    name,
    type,
    javaDefault,
    status: 'ignored',
    here: N_('Not about sending.'),
  }));
}
