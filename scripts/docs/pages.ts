import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from '../bundle/options.ts';
import { allHelp, type VerbHelp } from './help.ts';

/** The pages of all verbs by their path in the package, with the help that the verbs print today. */
export async function verbPages(): Promise<ReadonlyMap<string, string>> {
  const pages = new Map<string, string>();
  for (const each of await allHelp()) {
    const page = path.join('docs', 'verbs', `${each.verb[0] ?? ''}.md`);
    pages.set(page, withHelp(pages.get(page) ?? read(page), each));
  }
  return pages;
}

function read(page: string): string {
  const file = path.join(root, page);
  return existsSync(file) ? readFileSync(file, 'utf8') : `# \`hpc-gat ${path.basename(page, '.md')}\`\n`;
}

/** The help stands in a block that begins with the command that prints it. */
function withHelp(page: string, { verb, help }: VerbHelp): string {
  const command = `$ hpc-gat ${verb.join(' ')} --help`;
  const block = `\`\`\`text\n${command}\n${help.trim()}\n\`\`\`\n`;
  const start = page.indexOf(`\`\`\`text\n${command}\n`);
  if (start < 0) {
    return `${page}\n${block}`;
  }
  const end = page.indexOf('\n```\n', start) + '\n```\n'.length;
  return page.slice(0, start) + block + page.slice(end);
}
