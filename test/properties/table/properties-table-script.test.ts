import assert from 'node:assert/strict';
import { PROTOCOL_ROWS, SESSION_ROWS } from '../../../nodes/properties/table/table';
import { propertiesTable, replaceBetweenMarkers } from '../../../scripts/properties-table';

const BEGIN = '<!-- properties:begin -->';
const END = '<!-- properties:end -->';

describe('the table of properties in the documentation', () => {
  it('has a line of five cells for each property', () => {
    const lines = propertiesTable().split('\n');
    assert.equal(lines.length, SESSION_ROWS.length + PROTOCOL_ROWS.length + 2);
    for (const line of lines) assert.equal(line.split(/(?<!\\)\|/).length, 7, line);
    assert.ok(
      lines.some((line) => line.startsWith('| `mail.smtp.port` | int | `25` (smtps: `465`) | supported |')),
    );
  });

  it('replaces what is between the markers and nothing else, as often as one likes', () => {
    const once = replaceBetweenMarkers(`# Title\n\n${BEGIN}\nold\n${END}\n\nEnd`);
    assert.equal(once, `# Title\n\n${BEGIN}\n\n${propertiesTable()}\n\n${END}\n\nEnd`);
    assert.equal(replaceBetweenMarkers(once), once);
  });

  it('needs both markers', () => {
    assert.throws(() => replaceBetweenMarkers(`${END} ${BEGIN}`), /needs the lines/);
    assert.throws(() => replaceBetweenMarkers('# Title'), /needs the lines/);
  });
});
