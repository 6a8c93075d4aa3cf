import assert from 'node:assert/strict';
import fc from 'fast-check';
import { recogniseForeign } from '../../../nodes/properties/text/pasted-styles';
import { goodSettings, settingsOf } from '../../builders';

const WANTED = [
  'mail.smtp.host=smtp.example.com',
  'mail.smtp.port=587',
  'mail.smtp.starttls.enable=true',
  'mail.smtp.auth=true',
];

const TEXTS: Record<string, string[]> = {
  'Java code': [
    'Properties props = new Properties();',
    'props.put("mail.smtp.host", "smtp.example.com");',
    'props.put("mail.smtp.port", 587); // submission',
    'props.setProperty("mail.smtp.starttls.enable","true");',
    'System.getProperties().put( "mail.smtp.auth", true );',
    'props.put("mail.smtp.password", "tr0ub");',
  ],
  'JVM arguments': [
    'java -Dmail.smtp.host=smtp.example.com -Dmail.smtp.port=587 -Xmx1g "-Dmail.smtp.starttls.enable=true"',
    '-Dmail.smtp.auth="true" -Dmail.smtp.password=tr0ub',
  ],
  XML: [
    '<entry key="mail.smtp.host">smtp.example.com</entry>',
    '<prop key="mail.smtp.port">587</prop>',
    '<property name="mail.smtp.starttls.enable" value="true"/>',
    '<property name="mail.smtp.auth" value="true"/>',
    '<property name="mail.smtp.password" value="tr0ub"/>',
  ],
  'Spring Boot properties': [
    'spring.application.name=x',
    'spring.mail.host=smtp.example.com',
    'spring.mail.port = 587',
    'spring.mail.properties[mail.smtp.starttls.enable]=true',
    '-->spring.mail.properties.mail.smtp.auth=true',
    'spring.mail.username=me',
    'spring.mail.password=tr0ub',
  ],
  YAML: [
    '# mail',
    'mail:',
    '  smtp:',
    '    host: "smtp.example.com"',
    '    port: 587 # submission',
    '    starttls:',
    '      enable: true',
    '    auth: true',
    '    password: tr0ub',
  ],
};

const MORE: [style: string, text: string][] = [
  [
    'JSON',
    '{"mail": {"smtp": {"host": "smtp.example.com", "port": 587, "starttls": {"enable": true}, "auth": true, "password": "tr0ub"}}}',
  ],
  [
    'JSON',
    '{"mail.smtp.host": "smtp.example.com", "mail.smtp.port": "587",\n"mail.smtp.starttls.enable": "true", "mail.smtp.auth": "true", "mail.smtp.password": "tr0ub"}',
  ],
  [
    'a Tomcat resource',
    '<Resource name="mail/Session" auth="Container" type="jakarta.mail.Session"\n  mail.smtp.host="smtp.example.com" mail.smtp.port="587"\n  mail.smtp.starttls.enable="true" mail.smtp.auth="true" mail.smtp.user="me" password="tr0ub"/>',
  ],
  [
    'helm arguments',
    'helm install x --set mail.smtp.host=smtp.example.com,mail.smtp.port=587 --set-string mail.smtp.starttls.enable=true \\\n --set mail.smtp.auth=true --set mail.smtp.password=tr0ub',
  ],
  [
    'helm arguments',
    'helm upgrade x --set config.spring.mail.host=smtp.example.com --set config.spring.mail.port=587 --set config.spring.mail.password=tr0ub',
  ],
  [
    'JVM arguments',
    'args: ["-Dmail.smtp.host=smtp.example.com", "-Dmail.smtp.port=587", "-Dmail.smtp.starttls.enable=true", "-Dmail.smtp.auth=true", "-Dmail.smtp.password=tr0ub"]',
  ],
  [
    'JVM arguments',
    'JAVA_OPTS=-Dmail.smtp.host=smtp.example.com,-Dmail.smtp.port=587,-Dmail.smtp.starttls.enable=true,-Dmail.smtp.auth=true,-Dmail.smtp.password=tr0ub',
  ],
  [
    'a comment in code',
    '/**\n * mail.smtp.host=smtp.example.com\n * mail.smtp.port = 587\n * mail.smtp.starttls.enable: true\n * mail.smtp.auth=true\n * mail.smtp.password=tr0ub\n */',
  ],
  [
    'a Camel address',
    'from("x").to("smtp://smtp.example.com:587?username=me&password=tr0ub&mail.smtp.starttls.enable=true&mail.smtp.auth=true")',
  ],
];

const SPRING_YAML = [
  'spring:',
  '  mail:',
  '    host: smtp.example.com',
  '    port: 587',
  '    username: me',
  '    properties:',
  '      mail.smtp.starttls.enable: true',
  '      mail:',
  '        smtp:',
  '          auth: true',
];

describe('foreign styles', () => {
  for (const [style, lines] of Object.entries(TEXTS)) {
    it(`recognise ${style} and give the properties to write`, () => {
      const found = recogniseForeign(lines.join('\n'));
      assert.equal(found?.style, style);
      assert.deepEqual(found?.properties, WANTED);
      assert.equal(found?.hadCredentials, true);
    });

    it(`make ${style} one error whose text, pasted back, works`, () => {
      const { errors, warnings } = settingsOf(lines.join('\n'));
      assert.deepEqual([errors.map(({ code }) => code), warnings], [['FOREIGN_STYLE'], []]);
      const message = errors[0]?.message ?? '';
      assert.doesNotMatch(message, /tr0ub/);
      const { host, port, security } = goodSettings(message.slice(message.indexOf('\n') + 1));
      assert.deepEqual([host, port, security], ['smtp.example.com', 587, 'required']);
    });
  }

  for (const [style, text] of MORE) {
    it(`recognise ${style}: ${text.slice(0, 40)}`, () => {
      const found = recogniseForeign(text);
      assert.equal(found?.style, style);
      assert.equal(found?.hadCredentials, true);
      assert.doesNotMatch(found?.properties.join() ?? '', /tr0ub/);
      const { host, port, security } = goodSettings(found?.properties.join('\n') ?? '');
      assert.deepEqual([host, port, security], ['smtp.example.com', 587, 'required']);
    });
  }

  it('write the default of a variable out, or the variable without it', () => {
    const { properties } =
      recogniseForeign('spring.mail.host=${MAIL_HOST:localhost}\nspring.mail.port=${MAIL_PORT:}') ?? {};
    assert.deepEqual(properties, ['mail.smtp.host=localhost', 'mail.smtp.port=${MAIL_PORT}']);
    const { errors } = settingsOf('mail.smtp.host=${MAIL_HOST:localhost}');
    assert.match(errors[0]?.message ?? '', /no defaults after a colon.*"localhost" or "\$\{MAIL_HOST\}"/);
  });

  it('propose what passes their own check, whatever the style', () => {
    const bool = fc.constantFrom<string[]>(['true', 'false'], ['yes', 'no'], ['on', 'off']);
    const account = fc.record({
      host: fc.constantFrom('smtp.example.com', 'localhost', 'mail-1.example.org'),
      port: fc.constantFrom(25, 465, 587, 2525),
      encryption: fc.constantFrom('ssl', 'starttls', 'none'),
      auth: fc.boolean(),
      smtps: fc.boolean(),
      words: bool,
    });
    type Account = typeof account extends fc.Arbitrary<infer T> ? T : never;
    const keys = ({ encryption, auth, words: [yes, no] }: Account): [string, string][] => [
      ['auth', auth ? (yes ?? '') : (no ?? '')],
      ...(encryption === 'none' ? [] : [[`${encryption}.enable`, yes ?? ''] as [string, string]]),
    ];
    const all = (one: Account): [string, string][] => [
      ['host', one.host],
      ['port', String(one.port)],
      ...keys(one),
    ];
    const styles: Record<string, (one: Account) => string> = {
      java: (one) =>
        all(one)
          .map(([key, value]) => `props.put("mail.smtp.${key}", "${value}");`)
          .join('\n'),
      jvm: (one) =>
        all(one)
          .map(([key, value]) => `-Dmail.smtp.${key}=${value}`)
          .join(' '),
      xml: (one) =>
        all(one)
          .map(([key, value]) => `<entry key="mail.smtp.${key}">${value}</entry>`)
          .join('\n'),
      json: (one) => JSON.stringify({ mail: { smtp: Object.fromEntries(all(one)) } }),
      helm: (one) =>
        all(one)
          .map(([key, value]) => `--set mail.smtp.${key}=${value}`)
          .join(' '),
      tomcat: (one) =>
        `<Resource type="javax.mail.Session" ${all(one)
          .map(([key, value]) => `mail.smtp.${key}="${value}"`)
          .join(' ')} password="tr0ub"/>`,
      javadoc: (one) =>
        all(one)
          .map(([key, value]) => ` * mail.smtp.${key}=${value}`)
          .join('\n'),
      camel: (one) =>
        `${one.smtps ? 'smtps' : 'smtp'}://${one.host}:${one.port}?username=me&password=tr0ub&${keys(one)
          .map(([key, value]) => `mail.${one.smtps ? 'smtps' : 'smtp'}.${key}=${value}`)
          .join('&')}`,
      yaml: (one) =>
        ['mail:', '  smtp:', ...all(one).map(([key, value]) => `    ${key}: ${value}`)].join('\n'),
      spring: (one) =>
        [
          ...(one.smtps ? ['spring.mail.protocol=smtps'] : []),
          `spring.mail.host=\${MAIL_HOST:${one.host}}`,
          `spring.mail.port=${one.port}`,
          'spring.mail.username=me',
          'spring.mail.password=tr0ub',
          ...keys(one).map(([key, value]) => `spring.mail.properties.mail.smtp.${key}=${value}`),
        ].join('\n'),
    };
    fc.assert(
      fc.property(fc.constantFrom(...Object.keys(styles)), account, (style, one) => {
        const text = styles[style]?.(one) ?? '';
        const { properties = [] } = recogniseForeign(text) ?? {};
        const { settings, errors } = settingsOf(properties.join('\n'));
        assert.deepEqual(errors, [], `${text}\n${properties.join('\n')}`);
        assert.equal(settings?.host, one.host);
        assert.equal(settings.port, one.port);
      }),
      { numRuns: 2_000 },
    );
  });

  it('recognise YAML of Spring Boot', () => {
    const found = recogniseForeign(SPRING_YAML.join('\r\n'));
    assert.deepEqual([found?.style, found?.line, found?.properties], ['YAML', 3, WANTED]);
  });

  it('read smtps from Spring', () => {
    const found = recogniseForeign('spring.mail.protocol=smtps\nspring.mail.host=h');
    assert.deepEqual(found?.properties, ['mail.transport.protocol=smtps', 'mail.smtps.host=h']);
  });

  it('leave properties alone, comments included', () => {
    for (const text of [
      WANTED.join('\n'),
      'mail.smtp.host: smtp.example.com\nmail.smtp.port: 587',
      '# props.put("mail.smtp.host", "h");\nmail.smtp.port=25',
      '! -Dmail.smtp.host=h',
      '',
    ]) {
      assert.equal(recogniseForeign(text), null, text);
    }
  });

  it('do not hide behind a host that is there: the strange line is an unknown key', () => {
    const { settings, warnings } = settingsOf(
      'mail.smtp.host=h\nmail.smtp.ssl.enable=true\nmail.smtp.auth=true\n-Dmail.smtp.timeout=5000',
    );
    assert.equal(settings?.host, 'h');
    assert.match(warnings[0]?.message ?? '', /Did you mean mail\.smtp\.timeout\?$/);
  });
});
