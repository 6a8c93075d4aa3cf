import assert from 'node:assert/strict';
import { createSecureContext } from 'node:tls';
import type { TlsMaterial } from '../../../nodes/properties/settings';
import { errorsOf, goodSettings, NO_LOGIN, warningsOf } from '../../builders';

const TLS = 'mail.smtp.host=smtp.example.com\nmail.smtp.auth=true\nmail.smtp.ssl.enable=true';
const tls = (line: string, tlsNode: TlsMaterial | null = null) =>
  goodSettings(`${TLS}\nmail.smtp.${line}`, { tlsNode }).tls;

describe('tls settings', () => {
  for (const trust of ['*', 'smtp.example.com', 'other.example.com  smtp.example.com']) {
    it(`do not check the certificate for ssl.trust=${trust}, and say so`, () => {
      assert.equal(tls(`ssl.trust=${trust}`).rejectUnauthorized, false);
      assert.deepEqual(warningsOf(`${TLS}\nmail.smtp.ssl.trust=${trust}`), ['CERTIFICATE_NOT_CHECKED']);
    });
  }

  for (const trust of [
    'other.example.com',
    '*.example.com',
    'SMTP.example.com',
    'a,smtp.example.com',
    '"*"',
    'true',
    '',
  ]) {
    it(`refuse ssl.trust=${trust}, which no certificate could meet`, () => {
      assert.deepEqual(errorsOf(`${TLS}\nmail.smtp.ssl.trust=${trust}`), ['TRUST_INVALID']);
    });
  }

  it('leave ssl.trust alone when nothing is encrypted', () => {
    assert.deepEqual(errorsOf('mail.smtp.host=h\nmail.smtp.ssl.trust=x', NO_LOGIN), []);
  });

  for (const [protocols, expected] of [
    ['TLSv1.2', ['TLSv1.2', 'TLSv1.2']],
    ['TLSv1.3 TLSv1.2', ['TLSv1.2', 'TLSv1.3']],
    ['TLSv1 TLSv1.1 TLSv1.2', ['TLSv1.2', 'TLSv1.2']],
    ['TLSv1.3', ['TLSv1.3', 'TLSv1.3']],
  ] as const) {
    it(`allow ${expected.join(' to ')} for ssl.protocols=${protocols}`, () => {
      const { minVersion, maxVersion } = tls(`ssl.protocols=${protocols}`);
      assert.deepEqual([minVersion, maxVersion], expected);
    });
  }

  it('warn of the old versions they leave out', () => {
    assert.deepEqual(warningsOf(`${TLS}\nmail.smtp.ssl.protocols=TLSv1 TLSv1.2`), ['PROTOCOLS_OLD']);
  });

  for (const protocols of [
    'TLSv1',
    'TLSv1.1 TLSv1',
    'SSLv3',
    'TLS',
    'tlsv1.2',
    'TLSv1.2,TLSv1.3',
    '"TLSv1.2"',
    'true',
    '',
  ]) {
    it(`refuse ssl.protocols=${protocols}`, () => {
      assert.deepEqual(errorsOf(`${TLS}\nmail.smtp.ssl.protocols=${protocols}`), ['PROTOCOLS_INVALID']);
    });
  }

  it('translate cipher suites and keep to the versions that they belong to', () => {
    const { ciphers, minVersion, maxVersion } = tls(
      'ssl.ciphersuites=TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256 TLS_EMPTY_RENEGOTIATION_INFO_SCSV TLS_RSA_WITH_AES_256_CBC_SHA',
    );
    assert.deepEqual([minVersion, maxVersion], ['TLSv1.2', 'TLSv1.2']);
    assert.equal(ciphers, 'ECDHE-RSA-AES128-GCM-SHA256:AES256-SHA');
    const only13 = tls('ssl.ciphersuites=TLS_AES_256_GCM_SHA384');
    assert.deepEqual(
      [only13.minVersion, only13.maxVersion, only13.ciphers],
      ['TLSv1.3', 'TLSv1.3', 'TLS_AES_256_GCM_SHA384'],
    );
    const both = tls('ssl.ciphersuites=TLS_AES_256_GCM_SHA384 TLS_DHE_RSA_WITH_AES_256_GCM_SHA384');
    assert.deepEqual([both.minVersion, both.maxVersion], ['TLSv1.2', 'TLSv1.3']);
    for (const settings of [{ ciphers, minVersion, maxVersion }, only13, both]) {
      assert.doesNotThrow(() =>
        createSecureContext({
          ciphers: settings.ciphers ?? '',
          minVersion: settings.minVersion ?? undefined,
          maxVersion: settings.maxVersion ?? undefined,
        }),
      );
    }
  });

  for (const suites of [
    'ECDHE-RSA-AES128-GCM-SHA256',
    'SSL_RSA_WITH_RC4_128_MD5',
    'TLS_AES_9',
    'TLS_AES_256_GCM_SHA384,TLS_AES_128_GCM_SHA256',
  ]) {
    it(`refuse the cipher suites ${suites}`, () => {
      assert.deepEqual(errorsOf(`${TLS}\nmail.smtp.ssl.ciphersuites=${suites}`), ['CIPHERS_INVALID']);
    });
  }

  it('refuse cipher suites that fit no allowed version', () => {
    const text = `${TLS}\nmail.smtp.ssl.protocols=TLSv1.3\nmail.smtp.ssl.ciphersuites=TLS_RSA_WITH_AES_256_CBC_SHA`;
    assert.deepEqual(errorsOf(text), ['CIPHERS_INVALID']);
  });
});

describe('a TLS configuration', () => {
  const errors = (line: string, tlsNode: TlsMaterial) => errorsOf(`${TLS}\nmail.smtp.${line}`, { tlsNode });

  it('is handed on', () => {
    const material = {
      ca: 'CA',
      cert: Buffer.from('C'),
      key: 'K',
      passphrase: 'P',
      servername: 'mx.example.com',
    };
    const settings = goodSettings(TLS, { tlsNode: { ...material, rejectUnauthorized: true } }).tls;
    assert.deepEqual(settings.material, material);
    assert.equal(settings.rejectUnauthorized, true);
  });

  it('that checks nothing is warned of', () => {
    const tlsNode = { rejectUnauthorized: false };
    assert.equal(goodSettings(TLS, { tlsNode }).tls.rejectUnauthorized, false);
    assert.deepEqual(warningsOf(TLS, { tlsNode }), ['CERTIFICATE_NOT_CHECKED']);
  });

  it('excludes ssl.trust, which decides about the same', () => {
    assert.deepEqual(errors('ssl.trust=*', { ca: 'CA' }), ['TLS_CONFLICT']);
    assert.deepEqual(errors('ssl.trust=*', { rejectUnauthorized: false }), ['TLS_CONFLICT']);
    assert.deepEqual(errors('ssl.trust=*', { rejectUnauthorized: true }), ['TLS_CONFLICT']);
    assert.deepEqual(errors('ssl.trust=*', { cert: 'C', key: 'K' }), []);
  });

  it('that checks nothing excludes ssl.checkserveridentity=true, and so does ssl.trust', () => {
    assert.deepEqual(errors('ssl.checkserveridentity=true', { rejectUnauthorized: false }), ['TLS_CONFLICT']);
    assert.deepEqual(errorsOf(`${TLS}\nmail.smtp.ssl.checkserveridentity=true\nmail.smtp.ssl.trust=*`), [
      'TLS_CONFLICT',
    ]);
    assert.deepEqual(errors('ssl.checkserveridentity=true', { ca: 'CA' }), []);
  });

  it('with a server name excludes ssl.checkserveridentity=false', () => {
    assert.deepEqual(errors('ssl.checkserveridentity=false', { servername: 'x' }), ['TLS_CONFLICT']);
    assert.deepEqual(errors('ssl.checkserveridentity=true', { servername: 'x' }), []);
    assert.deepEqual(errors('ssl.checkserveridentity=false', { servername: '' }), []);
  });

  it('has no effect without TLS, and says so', () => {
    assert.deepEqual(warningsOf('mail.smtp.host=h', { ...NO_LOGIN, tlsNode: { ca: 'CA' } }), ['TLS_UNUSED']);
  });
});
