import { readFileSync, writeFileSync } from 'node:fs';

const begin = '<!-- from benchmarks/results: npm run bench:convert -->';
const end = '<!-- until here -->';

/** Replaces the text between the marks of a page. */
export function quote(page: string, text: string): void {
  const { before, behind } = around(page);
  writeFileSync(page, `${before}${begin}\n\n${text}\n\n${end}${behind}`);
}

/** Returns the text between the marks of a page. */
export function quoted(page: string): string {
  return around(page).between.trim();
}

function around(page: string): {
  readonly before: string;
  readonly between: string;
  readonly behind: string;
} {
  const [before, rest] = readFileSync(page, 'utf8').split(begin);
  const [between, behind] = rest?.split(end) ?? [];
  if (before === undefined || between === undefined || behind === undefined) {
    throw new Error(`${page} lacks the marks between which results are quoted`);
  }
  return { before, between, behind };
}
