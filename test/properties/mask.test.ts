import assert from 'node:assert/strict';
import { createMask, joinMasks } from '../../nodes/properties/mask';
import { createTranscript } from '../../nodes/smtp/transcript';

const base64 = (text: string) => Buffer.from(text).toString('base64');

describe('the mask of secrets', () => {
  const mask = createMask('ops@x.test', 'p@ss/w0rd');

  for (const [form, text] of [
    ['as it is', 'p@ss/w0rd'],
    ['percent-encoded', 'p%40ss%2Fw0rd'],
    ['as AUTH LOGIN sends it', base64('p@ss/w0rd')],
    ['as AUTH PLAIN sends it', base64('\0ops@x.test\0p@ss/w0rd')],
    ['as a Basic login sends it', base64('ops@x.test:p@ss/w0rd')],
    ['as XOAUTH2 sends it', base64('user=ops@x.test\x01auth=Bearer p@ss/w0rd\x01\x01')],
  ] as const) {
    it(`hides the password ${form}`, () => {
      assert.equal(mask(`before ${text} after`), 'before *** after');
    });
  }

  it('leaves a text alone when there is no password', () => {
    assert.equal(createMask('ops', '')('all of this'), 'all of this');
  });

  it('hides a password with half a character in it', () => {
    assert.equal(createMask('ops', 'p\ud83dw')('it is p\ud83dw'), 'it is ***');
  });

  it('hides what each of several masks hides', () => {
    assert.equal(joinMasks(mask, createMask('proxy', 'open sesame'))('p@ss/w0rd open sesame'), '*** ***');
  });

  it('hides a very short password only where it stands alone', () => {
    assert.equal(createMask('ops', 'at')('at that'), '*** that');
  });
});

describe('the transcript', () => {
  function transcriptOf(
    ...entries: [tnx: string, sid: string, message: string, ...values: unknown[]][]
  ): string[] {
    const lines: string[] = [];
    const logger = createTranscript((line) => lines.push(line), createMask('ops', 'hunter2'));
    for (const [tnx, sid, message, ...values] of entries) logger.debug({ tnx, sid }, message, ...values);
    return lines;
  }

  it('shows commands and replies, a line each, with a number for each session', () => {
    assert.deepEqual(
      transcriptOf(
        ['server', 'a', '220 ready'],
        ['client', 'a', 'EHLO x.test'],
        ['client', 'b', 'EHLO x.test'],
        ['server', 'a', '250-one\r\n250 two'],
      ),
      [
        '[session 1] S: 220 ready',
        '[session 1] C: EHLO x.test',
        '[session 2] C: EHLO x.test',
        '[session 1] S: 250-one',
        '[session 1] S: 250 two',
      ],
    );
  });

  it('masks what a server echoes', () => {
    assert.deepEqual(transcriptOf(['server', 'a', '535 wrong password %s', 'hunter2']), [
      '[session 1] S: 535 wrong password ***',
    ]);
  });

  it('leaves out what is not part of the dialogue', () => {
    assert.deepEqual(transcriptOf(['message', 'a', 'the body of the mail']), []);
  });
});
