/** Brings the README's table of properties up to date with the code: `npm run readme`. */
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { replaceBetweenMarkers } from './properties-table';

const file = path.join(__dirname, '..', 'README.md');
writeFileSync(file, replaceBetweenMarkers(readFileSync(file, 'utf8')));
