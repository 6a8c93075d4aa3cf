/** The msgs that every peer gets: plain text, so that all of them make mails of the same size. */
'use strict';

const LINE = 'The pump of the east hall runs dry and has to be looked at by somebody. ';

exports.FROM = 'plant@example.com';
exports.TO = 'operator@example.com';

/** What a program gives nodemailer to send such a mail as send-email makes: with `html`, as a new node makes it. */
exports.mailOf = ({ topic, payload }, { html = false } = {}) => ({
  from: exports.FROM,
  to: exports.TO,
  subject: topic,
  text: html ? `1: ${payload}\n\n----------` : payload,
  ...(html ? { html: `1: ${payload.replace(/\n/g, '<br>\n')}<br><hr>` } : {}),
  headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
});

/** The msg with a number, its payload of so many bytes. */
exports.msgOf = (number, bytes) => {
  const head = `Alert ${number}\n`;
  const lines = Math.max(Math.ceil((bytes - head.length) / LINE.length), 1);
  return {
    from: exports.FROM,
    topic: `Alert ${number}`,
    payload: (head + `${LINE.trimEnd()}\n`.repeat(lines)).slice(0, bytes),
  };
};
