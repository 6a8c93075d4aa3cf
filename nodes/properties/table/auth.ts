import { N_ } from '../../language/text';
import type { PropertyRow } from './row';

const NO_NTLM = N_('NTLM is not available.');
const NO_DIGEST = N_('DIGEST-MD5 is not available.');

/** Who logs in, and how. */
export const authRows: readonly PropertyRow[] = [
  {
    name: 'user',
    type: 'string',
    javaDefault: null,
    status: 'supported',
    here: 'The username, when the username field is empty.',
  },
  {
    name: 'auth',
    type: 'boolean',
    javaDefault: false,
    status: 'supported',
    here: 'With username and password: log in unless `false`. `true` without both is an error.',
  },
  {
    name: 'auth.mechanisms',
    type: 'list',
    javaDefault: 'LOGIN PLAIN DIGEST-MD5 NTLM',
    status: 'supported',
    here: 'PLAIN, LOGIN, CRAM-MD5, XOAUTH2: the first that the server offers. Unset: PLAIN, LOGIN, CRAM-MD5.',
  },
  {
    name: 'auth.login.disable',
    type: 'boolean',
    javaDefault: false,
    status: 'supported',
    here: 'Leaves LOGIN out. No effect beside `auth.mechanisms`.',
  },
  {
    name: 'auth.plain.disable',
    type: 'boolean',
    javaDefault: false,
    status: 'supported',
    here: 'Leaves PLAIN out. No effect beside `auth.mechanisms`.',
  },
  {
    name: 'auth.xoauth2.disable',
    type: 'boolean',
    javaDefault: true,
    status: 'supported',
    here: '`false` adds XOAUTH2 after the mechanisms for a password. For an access token write `auth.mechanisms=XOAUTH2`.',
  },
  {
    name: 'auth.digest-md5.disable',
    type: 'boolean',
    javaDefault: false,
    status: 'informational',
    here: NO_DIGEST,
  },
  { name: 'auth.ntlm.disable', type: 'boolean', javaDefault: false, status: 'informational', here: NO_NTLM },
  { name: 'auth.ntlm.domain', type: 'string', javaDefault: null, status: 'ignored', here: NO_NTLM },
  { name: 'auth.ntlm.flags', type: 'int', javaDefault: null, status: 'ignored', here: NO_NTLM },
  { name: 'auth.ntlm.v2', type: 'boolean', javaDefault: true, status: 'ignored', here: NO_NTLM },
  { name: 'auth.ntlm.unicode', type: 'boolean', javaDefault: null, status: 'ignored', here: NO_NTLM },
  { name: 'auth.ntlm.lmcompat', type: 'int', javaDefault: null, status: 'ignored', here: NO_NTLM },
  {
    name: 'sasl.enable',
    type: 'boolean',
    javaDefault: false,
    status: 'ignored',
    here: N_('The mechanism follows `auth.mechanisms`.'),
  },
  {
    name: 'sasl.mechanisms',
    type: 'list',
    javaDefault: null,
    status: 'informational',
    here: N_(
      'The mechanism follows `auth.mechanisms`. A list without PLAIN, LOGIN, CRAM-MD5, XOAUTH2 is an error.',
    ),
  },
  {
    name: 'sasl.authorizationid',
    type: 'string',
    javaDefault: null,
    status: 'refused',
    here: N_('Acting for another user is not available: log in as the user who sends.'),
  },
  { name: 'sasl.realm', type: 'string', javaDefault: null, status: 'ignored', here: NO_DIGEST },
  { name: 'saslrealm', type: 'string', javaDefault: null, status: 'ignored', here: NO_DIGEST },
  {
    name: 'sasl.usecanonicalhostname',
    type: 'boolean',
    javaDefault: false,
    status: 'ignored',
    here: N_('Only for SASL mechanisms that are not available.'),
  },
];
