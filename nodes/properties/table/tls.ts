import { N_ } from '../../language/text';
import type { PropertyRow } from './row';

/** Classes that name JDK defaults: nothing is lost when they are left out. */
const DEFAULT_FACTORIES = [
  'javax.net.ssl.SSLSocketFactory',
  'com.sun.net.ssl.internal.ssl.SSLSocketFactoryImpl',
];
const NAME_VERIFIERS = [
  'legacy',
  'MailHostnameVerifier',
  'JdkHostnameChecker',
  'sun.security.util.HostnameChecker',
];

/** Whether and how the connection is encrypted, and whose certificate is believed. */
export const tlsRows: readonly PropertyRow[] = [
  {
    name: 'ssl.enable',
    type: 'boolean',
    javaDefault: false,
    smtpsDefault: true,
    status: 'supported',
    here: 'Implicit TLS, from the first byte. `false` has no effect under `smtps`.',
  },
  {
    name: 'starttls.enable',
    type: 'boolean',
    javaDefault: false,
    status: 'supported',
    here: 'STARTTLS when the server offers it; with a login to another machine it must be offered.',
  },
  {
    name: 'starttls.required',
    type: 'boolean',
    javaDefault: false,
    status: 'supported',
    here: 'STARTTLS or no mail, also when `starttls.enable` is false.',
  },
  {
    name: 'ssl.checkserveridentity',
    type: 'boolean',
    javaDefault: true,
    status: 'supported',
    here: 'The certificate must be for this host: on unless false. (Off by default before Angus Mail 1.1.)',
  },
  {
    name: 'ssl.trust',
    type: 'list',
    javaDefault: null,
    status: 'supported',
    here: '`*` or a list with this host: the certificate is not checked at all. A list without it is an error.',
  },
  {
    name: 'ssl.protocols',
    type: 'list',
    javaDefault: null,
    status: 'supported',
    here: '`TLSv1.2`, `TLSv1.3` or both. `TLSv1` and `TLSv1.1` are left out; alone, or other words, are an error.',
  },
  {
    name: 'ssl.ciphersuites',
    type: 'list',
    javaDefault: null,
    status: 'supported',
    here: 'Java (IANA) names of cipher suites, used exactly. A suite that OpenSSL here does not know is an error.',
  },
  {
    name: 'socketFactory.class',
    type: 'class',
    javaDefault: null,
    status: 'supported',
    here: '`javax.net.ssl.SSLSocketFactory` is implicit TLS, `javax.net.SocketFactory` is plain, others are an error.',
  },
  {
    name: 'socketFactory.port',
    type: 'int',
    javaDefault: null,
    status: 'supported',
    here: 'The port, stronger than `port`, when `socketFactory.class` is set.',
  },
  {
    name: 'socketFactory.fallback',
    type: 'boolean',
    javaDefault: true,
    status: 'informational',
    here: N_('TLS never falls back to clear text.'),
  },
  {
    name: 'ssl.socketFactory.class',
    type: 'class',
    javaDefault: null,
    status: 'refused',
    here: N_('A Java class, refused unless it is the default of the JDK.'),
    harmless: DEFAULT_FACTORIES,
  },
  {
    name: 'ssl.socketFactory.port',
    type: 'int',
    javaDefault: null,
    status: 'supported',
    here: 'The port, stronger than `port`, with implicit TLS.',
  },
  {
    name: 'ssl.hostnameverifier.class',
    type: 'class',
    javaDefault: null,
    status: 'refused',
    here: N_('A Java class, refused unless it is an ordinary name check, which is done anyway.'),
    harmless: NAME_VERIFIERS,
  },
  ...['socketFactory', 'ssl.socketFactory', 'ssl.hostnameverifier'].map((name): PropertyRow => ({
    name,
    type: 'object',
    javaDefault: null,
    status: 'refused',
    here: N_('A Java object, which text cannot express.'),
  })),
];
