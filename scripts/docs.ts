/* npm run docs: writes what `--help` prints into the page of each verb, in docs/reference/. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { root } from './bundle/options.ts';
import { verbPages } from './docs/pages.ts';

for (const [page, text] of await verbPages()) {
  writeFileSync(path.join(root, page), text);
}
