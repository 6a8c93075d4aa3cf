import assert from 'node:assert/strict';
import { recogniseForeign } from '../../nodes/smtp/foreign-styles';
import { goodSettings, settingsOf } from './settings-of';

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
