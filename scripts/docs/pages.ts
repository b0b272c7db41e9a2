import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from '../bundle/options.ts';
import { allHelp, type VerbHelp } from './help.ts';

/** The generated part of a page stands between these lines. */
const begin = '<!-- Help texts, written by `npm run docs`: -->';
const end = '<!-- End of the help texts. -->';

/** Returns the page of every verb by its path in the package, with the help texts of this version. */
export async function verbPages(): Promise<ReadonlyMap<string, string>> {
  const helps = new Map<string, VerbHelp[]>();
  for (const help of await allHelp()) {
    const page = path.join('docs', 'reference', `${help.verb[0] ?? ''}.md`);
    helps.set(page, [...(helps.get(page) ?? []), help]);
  }
  return new Map([...helps].map(([page, ofPage]) => [page, withHelp(readPage(page), ofPage)]));
}

/** Returns the text of a page; for a verb without a page, the headings that such a page has. */
function readPage(page: string): string {
  const file = path.join(root, page);
  return existsSync(file)
    ? readFileSync(file, 'utf8')
    : `# \`hpc-gat ${path.basename(page, '.md')}\`\n\n## Options\n\n## Exit codes\n\n## Files\n`;
}

function withHelp(page: string, helps: readonly VerbHelp[]): string {
  const blocks = helps.map(
    ({ verb, help }) => `\`\`\`text\n$ hpc-gat ${verb.join(' ')} --help\n${help.trim()}\n\`\`\`\n`,
  );
  const generated = `${begin}\n\n${blocks.join('\n')}\n${end}\n`;
  const start = page.indexOf(`${begin}\n`);
  if (start >= 0) {
    const after = page.indexOf(`${end}\n`, start) + end.length + 1;
    return page.slice(0, start) + generated + page.slice(after);
  }
  const heading = '## Options\n\n';
  const at = page.indexOf(heading) + heading.length;
  return `${page.slice(0, at)}${generated}\n${page.slice(at)}`;
}
