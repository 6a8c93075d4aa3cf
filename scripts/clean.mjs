// Removes what the build and the demo made.
import { rmSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

for (const folder of ['dist', '.demo', '.cache']) {
  rmSync(fileURLToPath(new URL(`../${folder}`, import.meta.url)), { recursive: true, force: true });
}
