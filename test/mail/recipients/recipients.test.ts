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
});
