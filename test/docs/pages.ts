import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from '../../src/support/package-root.ts';

export interface Page {
  /** Its path in the package. */
  readonly name: string;
  readonly text: string;
}

/** README and everything in docs/. */
export const pages: readonly Page[] = ['README.md', 'CONTRIBUTING.md', ...pagesBelow('docs')].map((name) => ({
  name,
  text: readFileSync(path.join(packageRoot, name), 'utf8'),
}));

function pagesBelow(directory: string): string[] {
  const names = readdirSync(path.join(packageRoot, directory), { recursive: true, encoding: 'utf8' });
  return names
    .filter((name) => name.endsWith('.md'))
    .map((name) => path.join(directory, name))
    .sort();
}

export interface Block {
  readonly language: string;
  readonly text: string;
}

/** The fenced blocks of a page, in order. */
export function blocksOf({ text }: Page): Block[] {
  return [...text.matchAll(/^```(\w*)[^\n]*\n([\s\S]*?)^```$/gm)].map(([, language = '', block = '']) => ({
    language,
    text: block,
  }));
}
