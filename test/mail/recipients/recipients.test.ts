import assert from 'node:assert/strict';
import { createRecipientReader, type GivenAddresses } from '../../../nodes/mail/recipients/recipients';
import { MailError } from '../../../nodes/types';

const given = (change: Partial<GivenAddresses> = {}): GivenAddresses => ({
  from: 'me@x.com',
  to: 'a@x.com, b@x.com',
  cc: undefined,
  bcc: undefined,
  replyTo: undefined,
  ...change,
});

function refusal(action: () => unknown): MailError {
  try {
    action();
  } catch (error) {
    assert.ok(error instanceof MailError, String(error));
    return error;
  }
  throw new assert.AssertionError({ message: 'nothing was thrown' });
}

describe('A reader of recipients', () => {
  it('reads each field', () => {
    const { addresses } = createRecipientReader()(
      given({ cc: 'c@x.com', bcc: ['d@x.com'], replyTo: { name: 'R', address: 'r@x.com' } }),
    );
    assert.deepEqual(addresses, {
      from: { name: '', address: 'me@x.com' },
      to: [
        { name: '', address: 'a@x.com' },
        { name: '', address: 'b@x.com' },
      ],
      cc: [{ name: '', address: 'c@x.com' }],
      bcc: [{ name: '', address: 'd@x.com' }],
      replyTo: [{ name: 'R', address: 'r@x.com' }],
    });
  });

  it('reads the same texts once', () => {
    const read = createRecipientReader();
    assert.equal(read(given()), read(given()));
  });

  it('never takes one field for another, nor one sender for another', () => {
    const read = createRecipientReader();
    const all = [
      given(),
      given({ to: 'a@x.com' }),
      given({ to: 'a@x.com', cc: 'b@x.com' }),
      given({ to: 'a@x.com', bcc: 'b@x.com' }),
      given({ to: 'a@x.com', replyTo: 'b@x.com' }),
      given({ from: undefined, mailFrom: 'm@x.com' }),
      given({ from: undefined, username: 'u@x.com' }),
    ].map(read);
    assert.equal(new Set(all.map(({ key }) => key)).size, all.length);
    assert.equal(all.at(-1)?.addresses.from.address, 'u@x.com');
  });

  it('gives the same key for the same addresses, however they are written', () => {
    const read = createRecipientReader();
    assert.equal(read(given({ to: 'a@x.com;b@x.com;' })).key, read(given()).key);
    assert.equal(read(given({ to: ['a@x.com', 'b@x.com'] })).key, read(given()).key);
  });

  it('reads a list anew that was changed since', () => {
    const read = createRecipientReader();
    const to = ['a@x.com'];
    read(given({ to }));
    to.push('late@x.com');
    assert.deepEqual(
      read(given({ to })).addresses.to.map(({ address }) => address),
      ['a@x.com', 'late@x.com'],
    );
  });

  it('refuses each time what it refused before', () => {
    const read = createRecipientReader();
    for (let time = 1; time <= 2; time++) {
      assert.equal(refusal(() => read(given({ to: 'nobody' }))).code, 'BAD_ADDRESS');
      assert.equal(refusal(() => read(given({ to: '' }))).code, 'NO_RECIPIENT');
      assert.equal(refusal(() => read(given({ from: ' ' }))).code, 'NO_SENDER');
    }
  });

  it('goes on when more people were written to than it remembers', () => {
    const read = createRecipientReader();
    for (let i = 0; i < 250; i++) {
      assert.equal(read(given({ to: `p${i}@x.com` })).addresses.to[0]?.address, `p${i}@x.com`);
    }
    assert.equal(read(given({ to: 'p0@x.com' })).addresses.to[0]?.address, 'p0@x.com');
  });

  it('reads objects anew, however alike two msgs are', () => {
    const read = createRecipientReader();
    const to = (address: string) => read(given({ to: { name: 'Shift', address } })).addresses.to[0]?.address;
    assert.deepEqual([to('early@x.com'), to('late@x.com')], ['early@x.com', 'late@x.com']);
  });

  it('is right after more recipients than it remembers', () => {
    const read = createRecipientReader();
    for (let i = 0; i < 250; i++) {
      const { addresses } = read(given({ to: `n${i}@x.com` }));
      assert.equal(addresses.to[0]?.address, `n${i}@x.com`);
    }
    assert.equal(read(given({ to: 'n1@x.com' })).addresses.to[0]?.address, 'n1@x.com');
  });

  describe('takes an envelope', () => {
    const envelopeOf = (envelope: unknown) => createRecipientReader()(given({ envelope })).addresses.envelope;

    it('with the null sender, to which no bounce comes back', () => {
      for (const from of ['', '<>', ' < > ']) assert.deepEqual(envelopeOf({ from }), { from: '' }, from);
    });

    it('with an address in brackets, which is not the null sender', () => {
      assert.deepEqual(envelopeOf({ from: '<bounces@x.com>' }), { from: 'bounces@x.com' });
    });

    it('with what it has, and the rest of the mail', () => {
      assert.deepEqual(envelopeOf({ to: ['c@x.com', 'c@X.COM'] }), { to: ['c@x.com'] });
      for (const nothing of [undefined, null, '', {}, { from: null, to: null }])
        assert.equal(envelopeOf(nothing), undefined);
    });

    it('and refuses one that is not an object, saying what to write', () => {
      for (const wrong of ['bounces@x.com', ['a@x.com'], 7]) {
        const error = refusal(() => envelopeOf(wrong));
        assert.deepEqual([error.code, error.field], ['BAD_ADDRESS', 'msg.envelope']);
        assert.match(error.hint ?? '', /\{from: /);
      }
    });
  });

  it('takes no username for a sender that is not an address', () => {
    const read = createRecipientReader();
    const none = { from: undefined, mailFrom: undefined };
    assert.equal(refusal(() => read(given({ ...none, username: 'node-red' }))).code, 'NO_SENDER');
    assert.equal(refusal(() => read(given({ ...none, username: 'a@b@c' }))).code, 'NO_SENDER');
  });
});
