/* npm run check:words: reports each use of a word of docs/internals/discouraged-words.txt, and fails if there is one. */
import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from './bundle/options.ts';
import { findDiscouragedWords, parseWordRules } from './check-words/rules.ts';

/** Files whose text is checked. */
const isText = /\.(?:ts|js|mjs|md|hbs|sh|ya?ml|json|py|def|c|conf)$|(?:^|\/)(?:Dockerfile|nvidia-smi[^/]*)$/;

/** Files that are generated, or contain the words of others, or must contain the discouraged words. */
const isExempt =
  /^(?:CHANGELOG\.md|package-lock\.json|docs\/guides\/sites\.md|docs\/internals\/glossary\.md|slurm\/sites\/|test\/fixtures\/|test\/faults\/measured\.json|test\/scripts\/check-words\.test\.ts|benchmarks\/results\/|src\/formats\/deflate\/program\.ts)/;

const list = 'docs/internals/discouraged-words.txt';
const rules = parseWordRules(readFileSync(path.join(root, list), 'utf8'));
const files = execFileSync('git', ['ls-files', '-z', '--cached', '--others', '--exclude-standard'], {
  cwd: root,
  encoding: 'utf8',
})
  .split('\0')
  .filter((file) => isText.test(file) && !isExempt.test(file) && existsSync(path.join(root, file)));

for (const file of files) {
  for (const { line, word, replacement } of findDiscouragedWords(
    readFileSync(path.join(root, file), 'utf8'),
    rules,
  )) {
    process.stdout.write(`${file}:${line}: "${word}" is discouraged (${list}); write: ${replacement}\n`);
    process.exitCode = 1;
  }
}
