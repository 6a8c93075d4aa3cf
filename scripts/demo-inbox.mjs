// The demo's mail server and its web page, on this machine only.
import path from 'node:path';
import { MailDev } from 'maildev';

/** Starts the inbox on two ports, 0 for any free one; mails are kept below the given folder. Throws when one is taken. */
export async function startInbox(smtpPort, webPort, folder) {
  const maildev = new MailDev({
    smtp: smtpPort,
    ip: '127.0.0.1',
    web: webPort,
    webIp: '127.0.0.1',
    mailDirectory: path.join(folder, 'inbox'),
    silent: true,
  });
  const { smtp, api } = await maildev.start();
  return {
    smtpPort: smtp.getPort(),
    url: `http://127.0.0.1:${api.getPort()}`,
    /** Calls the listener with each mail that arrives. */
    onMail: (listener) => smtp.on('new', listener),
    /** One line about a mail. */
    describe,
    /** The header block of a mail as it was received. */
    async headers(mail) {
      let raw = '';
      for await (const chunk of await smtp.getRawEmail(mail.id)) raw += chunk.toString('utf8');
      return raw.replace(/\r\n/g, '\n').split('\n\n', 1)[0];
    },
    stop: () => maildev.stop(),
  };
}

function describe(mail) {
  const addresses = (list) => list.map(({ address }) => address).join(', ');
  const files = mail.attachments.map(({ filename }) => filename);
  const time = new Date().toTimeString().slice(0, 8);
  const line = `${time}  ${addresses(mail.from)} -> ${addresses(mail.envelope.to)}  "${mail.subject}"`;
  return files.length > 0 ? `${line}  [${files.join(', ')}]` : line;
}
