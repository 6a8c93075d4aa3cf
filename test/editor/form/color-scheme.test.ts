import assert from 'node:assert/strict';
import { inScheme } from '../../../nodes/editor/form/color-scheme';

describe('styles in a colour scheme', () => {
  const query = (scheme: string) =>
    `@media screen and ( prefers-color-scheme:${scheme} ) { p { color: red } }`;

  it('what is for the scheme holds, what is for the other does not', () => {
    assert.match(inScheme(query('dark'), 'dark'), /screen and \(min-width: 0\) \{/);
    assert.match(inScheme(query('dark'), 'light'), /screen and \(max-width: 0\) \{/);
    assert.match(inScheme(query('LIGHT'), 'light'), /\(min-width: 0\)/);
  });

  it('a page that can be both is that scheme', () => {
    assert.equal(inScheme(':root { color-scheme: light dark; }', 'dark'), ':root { color-scheme: dark; }');
    assert.equal(inScheme(':root { color-scheme:dark light }', 'light'), ':root { color-scheme: light }');
  });

  it('a page that can be one only stays that', () => {
    const styles = ':root { color-scheme: light } p { my-color-scheme: light dark }';
    assert.equal(inScheme(styles, 'dark'), styles);
  });
});
