/* npm run docs: puts what `--help` prints into the page of each verb, in docs/verbs/. */
import { mkdirSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { root } from './bundle/options.ts';
import { verbPages } from './docs/pages.ts';

mkdirSync(path.join(root, 'docs', 'verbs'), { recursive: true });
for (const [page, text] of await verbPages()) {
  writeFileSync(path.join(root, page), text);
}
