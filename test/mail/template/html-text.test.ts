import assert from 'node:assert/strict';
import { htmlToPlainText, stripTags } from '../../../nodes/mail/template/html-text';

describe('The text part of an HTML mail', () => {
  it('keeps links with their address, once', () => {
    assert.equal(htmlToPlainText('<a href="https://x.y/z">log</a>'), 'log [https://x.y/z]');
    assert.equal(htmlToPlainText('<a href="https://x.y/z">https://x.y/z</a>'), 'https://x.y/z');
  });

  it('shows the alternative text of images and nothing for images without', () => {
    assert.equal(
      htmlToPlainText('<img src="cid:a" alt="Plan"> x <img src="cid:b"><img src="cid:c" alt="">'),
      'Plan x',
    );
  });

  it('does not break lines by itself and does not change letters', () => {
    const line = 'word '.repeat(200).trim();
    assert.equal(htmlToPlainText(`<h1>Alert</h1><p>${line}</p>`), `Alert\n\n${line}`);
  });

  it('keeps the cells of a row apart', () => {
    const table = '<table> <tr> <th>Pump</th> <th>Bar</th> </tr> <tr><td>east</td><td>4</td></tr></table>';
    assert.equal(htmlToPlainText(table), 'Pump | Bar\neast | 4');
  });

  it('leaves styles and scripts out', () => {
    const html = '<style>p { color: red }</style><p>a</p><script>alert(1)</script>';
    assert.equal(htmlToPlainText(html), 'a');
    assert.equal(stripTags(html), 'a');
  });

  for (const [title, html, shown] of [
    ['a million open elements', `start${'<div>'.repeat(1_000_000)}end`, /start\s+end/],
    ['bold text that is never closed, event by event', '<b>x<br>'.repeat(20_000), /^(x\s+){19999}x$/],
    ['five million angle brackets', '<'.repeat(5_000_000), /^<*$/],
    ['more text than is laid out', `${'<p>word</p>'.repeat(2_000_000)}<p>last</p>`, /last$/],
    ['broken markup', '<p <b>a</p></b></x><!-- <![CDATA[ ', /a/],
    ['nothing', '', /^$/],
  ] as const) {
    it(`is made of ${title}`, () => assert.match(htmlToPlainText(html), shown));
  }

  it('by the quick way has line breaks and decoded escapes', () => {
    assert.equal(stripTags('<p>a &lt;b&gt; &amp;lt; &quot;c&quot;</p>1<br>2 < 3'), 'a <b> &lt; "c"1\n2 < 3');
  });
});
