/**
 * Failures without a reply: the network, TLS, or a server that went silent. Every mail of the connector waits.
 */
import { N_ } from '../language/text';
import type { Rule } from './failure-rule';
import * as WAIT from './failure-waits';

/** Why Node.js did not accept the server's certificate (Node.js tls documentation, X509 certificate error codes). */
const CERTIFICATE =
  /^(?:UNABLE_TO_|SELF_SIGNED_|DEPTH_ZERO_|CERT_|CRL_|ERROR_IN_C|INVALID_(?:CA|PURPOSE)|PATH_LENGTH_|HOSTNAME_MISMATCH)/;

export const CONNECTION_RULES: readonly Rule[] = [
  {
    when: { code: ['EPROXY'] },
    then: {
      scope: 'account',
      code: 'CONNECTION',
      what: N_('The proxy gave no connection to the mail server'),
      hint: N_(
        'Check mail.smtp.proxy.* or mail.smtp.socks.*, that the proxy runs, and that it allows this host and port.',
      ),
    },
  },
  {
    // Servers end idle sessions as they like, and a firewall forgets them: the next connection tells.
    when: { code: ['ECONNECTION', 'ESOCKET', 'ETIMEDOUT', 'EPROTOCOL'], noReply: true, reused: true },
    then: {
      scope: 'connection',
      code: 'CONNECTION',
      what: N_('The server ended the connection before it took the mail'),
      retried: true,
      hint: N_('If it stays, check mail.smtp.host and mail.smtp.port, and ask the provider.'),
    },
  },
  {
    when: { original: ['ERR_TLS_CERT_ALTNAME_INVALID', 'HOSTNAME_MISMATCH'] },
    then: {
      scope: 'account',
      minWait: WAIT.HOLD,
      code: 'CERTIFICATE',
      what: N_('The certificate belongs to another host'),
      hint: N_('Use the host name that the certificate has as mail.smtp.host.'),
    },
  },
  {
    when: { original: ['CERT_HAS_EXPIRED', 'CERT_NOT_YET_VALID'] },
    then: {
      scope: 'account',
      minWait: WAIT.HOLD,
      code: 'CERTIFICATE',
      what: N_('The certificate of the server is not valid now'),
      hint: N_('Check the clock of this machine, and ask who runs the server to renew its certificate.'),
    },
  },
  {
    when: { originalLike: CERTIFICATE },
    then: {
      scope: 'account',
      minWait: WAIT.HOLD,
      code: 'CERTIFICATE',
      what: N_('The certificate of the server is not trusted'),
      hint: N_(
        'Give its CA in a tls-config node (field TLS of the connector), or name the host in mail.smtp.ssl.trust.',
      ),
    },
  },
  {
    when: { originalLike: /^ERR_SSL_.*(?:ALERT_.*(?:CERTIFICATE|UNKNOWN_CA)|CERTIFICATE_REQUIRED)/ },
    then: {
      scope: 'account',
      minWait: WAIT.HOLD,
      code: 'CERTIFICATE',
      what: N_('The server did not accept the client certificate'),
      hint: N_('Give the certificate and key that the server knows in the tls-config node of the connector.'),
    },
  },
  {
    when: { original: ['ERR_SSL_WRONG_VERSION_NUMBER', 'ERR_SSL_PACKET_LENGTH_TOO_LONG', 'EPROTO'] },
    then: {
      scope: 'account',
      minWait: WAIT.HOLD,
      code: 'TLS',
      what: N_('The server does not speak TLS on this port'),
      hint: N_(
        'mail.smtp.ssl.enable=true is for port 465; for port 587 or 25 use mail.smtp.starttls.enable=true instead.',
      ),
    },
  },
  {
    when: { originalLike: /^ERR_SSL_.*(?:PROTOCOL|VERSION)/ },
    then: {
      scope: 'account',
      minWait: WAIT.HOLD,
      code: 'TLS',
      what: N_('The server speaks no common version of TLS'),
      hint: N_('Set the versions in mail.smtp.ssl.protocols, or have the server updated.'),
    },
  },
  {
    when: { originalLike: /^ERR_(?:SSL|TLS|OSSL)_/ },
    then: {
      scope: 'account',
      minWait: WAIT.HOLD,
      code: 'TLS',
      what: N_('The TLS handshake failed'),
      hint: N_('Check mail.smtp.ssl.protocols, mail.smtp.ssl.ciphersuites and the tls-config node.'),
    },
  },
  {
    when: { code: ['ETLS'], noReply: true, text: /Connection closed/ },
    then: {
      scope: 'account',
      code: 'TLS',
      what: N_('The server ended the connection during the TLS handshake'),
      retried: true,
      hint: N_('If it stays, check the port and mail.smtp.ssl.protocols.'),
    },
  },
  {
    when: { code: ['ETLS'] },
    then: {
      scope: 'account',
      minWait: WAIT.HOLD,
      code: 'TLS',
      what: N_('TLS could not be started'),
      hint: N_('Check the tls-config node and the TLS properties (mail.smtp.ssl.*).'),
    },
  },
  {
    when: { code: ['EDNS'], original: ['ENOTFOUND', 'ENODATA'] },
    then: {
      scope: 'account',
      code: 'DNS',
      what: N_('The mail server was not found'),
      hint: N_('Check the spelling of mail.smtp.host, and that this machine has a working DNS.'),
    },
  },
  {
    when: { code: ['EDNS'] },
    then: {
      scope: 'account',
      code: 'DNS',
      what: N_('The name of the mail server could not be looked up'),
      hint: N_('Check the network and the DNS of this machine.'),
    },
  },
  {
    when: { original: ['ECONNREFUSED'] },
    then: {
      scope: 'account',
      code: 'CONNECTION',
      what: N_('Nothing answers at this host and port'),
      hint: N_('Check mail.smtp.host and mail.smtp.port, that the mail server runs, and firewalls.'),
    },
  },
  {
    when: { timeout: ['CONNECT_TIMEOUT'] },
    then: {
      scope: 'account',
      code: 'TIMEOUT',
      what: N_('The mail server could not be reached in time'),
      hint: N_(
        'A firewall or the provider may block the port (often 25): use 587 or 465, and check mail.smtp.host.',
      ),
    },
  },
  {
    when: { timeout: ['GREETING_TIMEOUT'] },
    then: {
      scope: 'account',
      code: 'TIMEOUT',
      what: N_('The server did not greet in time'),
      hint: N_('Port 465 wants TLS from the first byte: set mail.smtp.ssl.enable=true for it.'),
    },
  },
  {
    when: { timeout: ['UPGRADE_TIMEOUT'] },
    then: {
      scope: 'account',
      code: 'TIMEOUT',
      what: N_('The TLS handshake took too long'),
      retried: true,
      hint: N_('If it stays, check the network, and that the port is the one for STARTTLS.'),
    },
  },
  {
    when: { timeout: ['DEADLINE'] },
    then: {
      scope: 'account',
      code: 'TIMEOUT',
      what: N_('It took too long until the mail could be handed over'),
      hint: N_('The server or the network is slow or stuck; it is tried again.'),
    },
  },
  {
    when: { code: ['ETIMEDOUT'] },
    then: {
      scope: 'account',
      code: 'TIMEOUT',
      what: N_('The server stopped answering'),
      retried: true,
      hint: N_('If it stays, check the network and ask the provider.'),
    },
  },
  {
    when: {
      original: ['ETIMEDOUT', 'EHOSTUNREACH', 'ENETUNREACH', 'ENETDOWN', 'EHOSTDOWN', 'EADDRNOTAVAIL'],
    },
    then: {
      scope: 'account',
      code: 'CONNECTION',
      what: N_('The mail server can not be reached'),
      hint: N_('Check the network of this machine, mail.smtp.host, and firewalls.'),
    },
  },
  {
    when: { code: ['ERR_ACCESS_DENIED'] },
    then: {
      scope: 'account',
      minWait: WAIT.HOLD,
      code: 'CONNECTION',
      what: N_('This process may not open connections'),
      hint: N_('Node.js runs with --permission: start it with --allow-net.'),
    },
  },
  {
    when: { code: ['EPROTOCOL', 'EENVELOPE', 'EMESSAGE'], noReply: true },
    then: {
      scope: 'account',
      code: 'PROTOCOL',
      what: N_('The answer is not one of a mail server'),
      hint: N_('Check host and port: another service may listen there, or a firewall answers in its place.'),
    },
  },
  {
    when: { code: ['ECONNECTION', 'ESOCKET'] },
    then: {
      scope: 'account',
      code: 'CONNECTION',
      what: N_('The connection to the mail server broke'),
      retried: true,
      hint: N_('If it stays, check the network and ask the provider.'),
    },
  },
  {
    when: { code: [''], text: /^Connection closed$/ },
    then: { scope: 'account', code: 'CONNECTION', what: N_('The connection to the mail server broke') },
  },
  {
    when: { code: ['ECONFIG'] },
    then: {
      scope: 'account',
      minWait: WAIT.HOLD,
      code: 'CONFIG',
      what: N_('The settings of the connector do not work'),
      hint: N_('Check the properties of the connector.'),
    },
  },
];
