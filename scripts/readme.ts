/** Brings the table of properties in the documentation up to date with the code: `npm run readme`. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { replaceBetweenMarkers } from './properties-table';

const file = path.join(__dirname, '..', 'docs', 'properties.md');
writeFileSync(file, replaceBetweenMarkers(readFileSync(file, 'utf8')));
