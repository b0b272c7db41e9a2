import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { packageRoot } from '../../src/support/package/package-root.ts';

export interface Page {
  /** Path of the page in the package. */
  readonly name: string;
  readonly text: string;
}

/** README, CONTRIBUTING and all pages of docs/. */
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

const fenced = /^```(\w*)[^\n]*\n([\s\S]*?)^```$/gm;

/** Returns the fenced blocks of a page, in order. */
export function blocksOf({ text }: Page): Block[] {
  return [...text.matchAll(fenced)].map(([, language = '', block = '']) => ({ language, text: block }));
}

/** The targets of the relative links of a page, with their anchors, in the text and in link definitions. */
export function linksOf({ text }: Page): string[] {
  const prose = text.replaceAll(fenced, '');
  const links = [...prose.matchAll(/\]\(([^)\s]+)\)/g), ...prose.matchAll(/^\[[^\]]+\]: (\S+)$/gm)];
  return links.map(([, target = '']) => target).filter((target) => !/^[a-z]+:/.test(target));
}

/** The anchors of the headings of a page, as GitHub makes them. */
export function anchorsOf({ text }: Page): string[] {
  const headings = [...text.replaceAll(fenced, '').matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) =>
    heading
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
  return headings.map((anchor, at) => {
    const before = headings.slice(0, at).filter((other) => other === anchor).length;
    return before === 0 ? anchor : `${anchor}-${before}`;
  });
}
