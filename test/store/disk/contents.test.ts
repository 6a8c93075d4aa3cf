import assert from 'node:assert/strict';
import fsPromises from 'node:fs/promises';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { checksum } from '../../../nodes/store/disk/checksums';
import { createContents } from '../../../nodes/store/disk/contents';
import type { EventRecord, Item } from '../../../nodes/store/disk/journal/live-records';
import { newSegment } from '../../../nodes/store/disk/journal/segments';
import { useFolder } from './disk-fixture';

describe('the content of a mail', () => {
  const folder = useFolder();

  const folders = () => ({ journal: folder(), mails: folder(), failed: folder(), damaged: folder() });

  function item(number: number): Item {
    const record: EventRecord = { type: 'event', id: '1', nodeId: 'n', order: 1, data: { blob: 0 } };
    return {
      record,
      segment: newSegment(number),
      size: 10,
      blobs: [{ offset: 2, length: 4, sum: checksum(Buffer.from('data')) }],
    };
  }

  it('is found in its new place when it was written again just before it is read', async () => {
    const contents = createContents(fsPromises, folders());
    const [before, after] = [item(1), item(2)];
    writeFileSync(join(folder(), after.segment.name), 'xxdatayy');
    const places = [before, after];
    const bytes = await contents.read({ item: () => places.shift() ?? after, content: () => ({ blob: 0 }) });
    assert.equal(bytes.toString(), 'data');
  });

  it('that is nowhere is an error and no endless search', async () => {
    const contents = createContents(fsPromises, folders());
    const gone = item(1);
    const reading = contents.read({ item: () => gone, content: () => ({ blob: 0 }) });
    await assert.rejects(reading, { code: 'OUTBOX_DAMAGED', message: /missing/ });
  });
});
