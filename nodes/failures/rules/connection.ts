/**
 * Failures without a reply: the network, TLS, or a server that went silent. Every mail of the connector waits.
 */
import { N_ } from '../../language/text';
import { account, reconnect, type Rule } from '../rule';
import * as WAIT from '../waits';

/** Why Node.js did not accept the server's certificate (Node.js tls documentation, X509 certificate error codes). */
const CERTIFICATE =
  /^(?:UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|CERT_|CRL_|ERROR_IN_C|INVALID_(?:CA|PURPOSE)|PATH_LENGTH_|HOSTNAME_MISMATCH)/;

export const CONNECTION_RULES: readonly Rule[] = [
  {
    example: { code: 'EPROXY', command: 'CONN', message: 'Invalid response from proxy: 407' },
    when: { code: 'EPROXY' },
    then: account('CONNECTION'),
    what: N_('The proxy gave no connection to the mail server'),
    hint: N_(
      'Check mail.smtp.proxy.* or mail.smtp.socks.*, that the proxy runs, and that it allows this host and port.',
    ),
  },
  {
    // Servers end idle sessions as they like, and a firewall forgets them: the next connection tells.
    example: { code: 'ECONNECTION', command: 'CONN', message: 'Connection closed unexpectedly' },
    when: { code: ['ECONNECTION', 'ESOCKET', 'ETIMEDOUT', 'EPROTOCOL'], noReply: true, reused: true },
    then: reconnect('CONNECTION'),
    what: N_('The server ended the connection before it took the mail'),
    retried: true,
    hint: N_('If it stays, check mail.smtp.host and mail.smtp.port, and ask the provider.'),
  },
  {
    example: {
      code: 'ESOCKET',
      originalCode: 'ERR_TLS_CERT_ALTNAME_INVALID',
      message: "Hostname/IP does not match certificate's altnames",
    },
    when: { original: ['ERR_TLS_CERT_ALTNAME_INVALID', 'HOSTNAME_MISMATCH'] },
    then: account('CERTIFICATE', WAIT.HOLD),
    what: N_('The certificate belongs to another host'),
    hint: N_('Use the host name that the certificate has as mail.smtp.host.'),
  },
  {
    example: { code: 'ESOCKET', originalCode: 'CERT_HAS_EXPIRED', message: 'certificate has expired' },
    when: { original: ['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID'] },
    then: account('CERTIFICATE', WAIT.HOLD),
    what: N_('The certificate of the server is not valid now'),
    hint: N_('Check the clock of this machine, and ask who runs the server to renew its certificate.'),
  },
  {
    example: {
      code: 'ESOCKET',
      originalCode: 'DEPTH_ZERO_SELF_SIGNED_CERT',
      message: 'self-signed certificate',
    },
    when: { original: CERTIFICATE },
    then: account('CERTIFICATE', WAIT.HOLD),
    what: N_('The certificate of the server is not trusted'),
    hint: N_(
      'Give its CA in a tls-config node (field TLS of the connector), or name the host in mail.smtp.ssl.trust.',
    ),
  },
  {
    example: {
      code: 'ESOCKET',
      originalCode: 'ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED',
      message: 'tlsv13 alert certificate required',
    },
    when: { original: /^ERR_SSL_.*(?:ALERT_.*(?:CERTIFICATE|UNKNOWN_CA)|CERTIFICATE_REQUIRED)/ },
    then: account('CERTIFICATE', WAIT.HOLD),
    what: N_('The server did not accept the client certificate'),
    hint: N_('Give the certificate and key that the server knows in the tls-config node of the connector.'),
  },
  {
    example: {
      code: 'ESOCKET',
      originalCode: 'ERR_SSL_WRONG_VERSION_NUMBER',
      message: 'wrong version number',
    },
    when: { original: ['ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_PACKET_LENGTH_TOO_LONG', 'EPROTO'] },
    then: account('TLS', WAIT.HOLD),
    what: N_('The server does not speak TLS on this port'),
    hint: N_(
      'mail.smtp.ssl.enable=true is for port 465; for port 587 or 25 use mail.smtp.starttls.enable=true instead.',
    ),
  },
  {
    example: {
      code: 'ESOCKET',
      originalCode: 'ERR_SSL_TLSV1_ALERT_PROTOCOL_VERSION',
      message: 'tlsv1 alert protocol version',
    },
    when: { original: /^ERR_SSL_.*(?:PROTOCOL|VERSION)/ },
    then: account('TLS', WAIT.HOLD),
    what: N_('The server speaks no common version of TLS'),
    hint: N_('Set the versions in mail.smtp.ssl.protocols, or have the server updated.'),
  },
  {
    example: {
      code: 'ESOCKET',
      originalCode: 'ERR_SSL_SSLV3_ALERT_HANDSHAKE_FAILURE',
      message: 'sslv3 alert handshake failure',
    },
    when: { original: /^ERR_(?:SSL|TLS|OSSL)_/ },
    then: account('TLS', WAIT.HOLD),
    what: N_('The TLS handshake failed'),
    hint: N_('Check mail.smtp.ssl.protocols, mail.smtp.ssl.ciphersuites and the tls-config node.'),
  },
  {
    example: { code: 'ETLS', command: 'CONN', message: 'Connection closed unexpectedly' },
    when: { code: 'ETLS', noReply: true, text: /Connection closed/ },
    then: account('TLS'),
    what: N_('The server ended the connection during the TLS handshake'),
    retried: true,
    hint: N_('If it stays, check the port and mail.smtp.ssl.protocols.'),
  },
  {
    example: { code: 'ETLS', command: 'STARTTLS', message: 'Error initiating TLS - unsupported' },
    when: { code: 'ETLS' },
    then: account('TLS', WAIT.HOLD),
    what: N_('TLS could not be started'),
    hint: N_('Check the tls-config node and the TLS properties (mail.smtp.ssl.*).'),
  },
  {
    example: { code: 'EDNS', originalCode: 'ENOTFOUND', message: 'getaddrinfo ENOTFOUND smtp.gmial.com' },
    when: { code: 'EDNS', original: ['ENOTFOUND', 'ENODATA'] },
    then: account('DNS'),
    what: N_('The mail server was not found'),
    hint: N_('Check the spelling of mail.smtp.host, and that this machine has a working DNS.'),
  },
  {
    example: { code: 'EDNS', originalCode: 'ETIMEOUT', message: 'DNS lookup for smtp.example.com timed out' },
    when: { code: 'EDNS' },
    then: account('DNS'),
    what: N_('The name of the mail server could not be looked up'),
    hint: N_('Check the network and the DNS of this machine.'),
  },
  {
    example: { code: 'ESOCKET', originalCode: 'ECONNREFUSED', message: 'connect ECONNREFUSED 192.0.2.1:25' },
    when: { original: 'ECONNREFUSED' },
    then: account('CONNECTION'),
    what: N_('Nothing answers at this host and port'),
    hint: N_('Check mail.smtp.host and mail.smtp.port, that the mail server runs, and firewalls.'),
  },
  {
    example: { code: 'ETIMEDOUT', timeoutType: 'CONNECT_TIMEOUT', message: 'Connection timeout' },
    when: { timeout: 'CONNECT_TIMEOUT' },
    then: account('TIMEOUT'),
    what: N_('The mail server could not be reached in time'),
    hint: N_(
      'A firewall or the provider may block the port (often 25): use 587 or 465, and check mail.smtp.host.',
    ),
  },
  {
    example: { code: 'ETIMEDOUT', timeoutType: 'GREETING_TIMEOUT', message: 'Greeting never received' },
    when: { timeout: 'GREETING_TIMEOUT' },
    then: account('TIMEOUT'),
    what: N_('The server did not greet in time'),
    hint: N_('Port 465 wants TLS from the first byte: set mail.smtp.ssl.enable=true for it.'),
  },
  {
    example: { code: 'ETIMEDOUT', timeoutType: 'UPGRADE_TIMEOUT', message: 'Upgrade timeout' },
    when: { timeout: 'UPGRADE_TIMEOUT' },
    then: account('TIMEOUT'),
    what: N_('The TLS handshake took too long'),
    retried: true,
    hint: N_('If it stays, check the network, and that the port is the one for STARTTLS.'),
  },
  {
    example: { code: 'ETIMEDOUT', timeoutType: 'DEADLINE', message: 'Message sending aborted' },
    when: { timeout: 'DEADLINE' },
    then: account('TIMEOUT'),
    what: N_('It took too long until the mail could be handed over'),
    hint: N_('The server or the network is slow or stuck; it is tried again.'),
  },
  {
    example: { code: 'ETIMEDOUT', timeoutType: 'SOCKET_TIMEOUT', message: 'Timeout' },
    when: { code: 'ETIMEDOUT' },
    then: account('TIMEOUT'),
    what: N_('The server stopped answering'),
    retried: true,
    hint: N_('If it stays, check the network and ask the provider.'),
  },
  {
    example: { code: 'ESOCKET', originalCode: 'EHOSTUNREACH', message: 'connect EHOSTUNREACH 192.0.2.1:25' },
    when: {
      original: ['ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'ENETDOWN', 'EHOSTDOWN', 'EADDRNOTAVAIL'],
    },
    then: account('CONNECTION'),
    what: N_('The mail server can not be reached'),
    hint: N_('Check the network of this machine, mail.smtp.host, and firewalls.'),
  },
  {
    example: { code: 'ERR_ACCESS_DENIED', message: 'Access to this API has been restricted' },
    when: { code: 'ERR_ACCESS_DENIED' },
    then: account('CONNECTION', WAIT.HOLD),
    what: N_('This process may not open connections'),
    hint: N_('Node.js runs with --permission: start it with --allow-net.'),
  },
  {
    example: {
      code: 'EPROTOCOL',
      command: 'CONN',
      message: 'Invalid greeting. response=SSH-2.0-OpenSSH_9.2',
    },
    when: { code: ['EPROTOCOL', 'EENVELOPE', 'EMESSAGE'], noReply: true },
    then: account('PROTOCOL'),
    what: N_('The answer is not one of a mail server'),
    hint: N_('Check host and port: another service may listen there, or a firewall answers in its place.'),
  },
  {
    example: { code: 'ESOCKET', originalCode: 'ECONNRESET', message: 'read ECONNRESET' },
    when: { code: ['ECONNECTION', 'ESOCKET'] },
    then: account('CONNECTION'),
    what: N_('The connection to the mail server broke'),
    retried: true,
    hint: N_('If it stays, check the network and ask the provider.'),
  },
  {
    example: { message: 'Connection closed' },
    when: { code: '', text: /^Connection closed$/ },
    then: account('CONNECTION'),
    what: N_('The connection to the mail server broke'),
  },
  {
    example: { code: 'ECONFIG', message: 'Invalid configuration' },
    when: { code: 'ECONFIG' },
    then: account('CONFIG', WAIT.HOLD),
    what: N_('The settings of the connector do not work'),
    hint: N_('Check the properties of the connector.'),
  },
];
