import { expect, test } from '@jest/globals';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { allHelp } from '../../scripts/docs/help.ts';
import { packageRoot } from '../../src/support/package/package-root.ts';
import { anchorsOf, linksOf, pages, type Page } from './pages.ts';

const pageNames = pages.map(({ name }) => name);
const docs = pages.filter(({ name }) => name.startsWith('docs/'));
const verbs = [...new Set((await allHelp()).map(({ verb }) => verb[0] ?? ''))];

/** The relative links of a page that lead to no file, or to no heading of their page. */
function brokenLinks(page: Page, all: readonly Page[] = pages): string[] {
  return linksOf(page).filter((link) => {
    const [file = '', anchor] = link.split('#');
    const target = file === '' ? page.name : path.join(path.dirname(page.name), file);
    const linked = all.find(({ name }) => name === target);
    return anchor === undefined
      ? linked === undefined && !existsSync(path.join(packageRoot, target))
      : linked === undefined || !anchorsOf(linked).includes(anchor);
  });
}

test.each(pages.map((page) => [page.name, page] as const))('every link of %s resolves', (_name, page) => {
  expect(brokenLinks(page)).toEqual([]);
});

test('a link to a missing file or heading is reported', () => {
  const page = {
    name: 'docs/a.md',
    text: '# One `two`!\n[x](#one-two) [y](#three) [z](b.md) [w](b.md#no)\n[r]: c.md\n',
  };
  const other = { name: 'docs/b.md', text: '# B\n```sh\n# no\n```\n' };
  expect(brokenLinks(page, [page, other])).toEqual(['#three', 'b.md#no', 'c.md']);
});

test('docs/README.md links to every page', () => {
  const index = docs.find(({ name }) => name === 'docs/README.md') ?? { name: '', text: '' };
  const linked = linksOf(index).map((link) => path.join('docs', link));
  expect(linked).toEqual(
    expect.arrayContaining(pageNames.filter((name) => /^docs\/./.test(name) && name !== index.name)),
  );
});

test('every page is in docs/guides, docs/reference or docs/internals', () => {
  const elsewhere = docs.filter(({ name }) => !/^docs\/(guides|reference|internals)\/[\w-]+\.md$/.test(name));
  expect(elsewhere.map(({ name }) => name)).toEqual(['docs/README.md']);
});

test('no two pages have one name or one title', () => {
  const names = docs.map(({ name }) => path.basename(name)).filter((name) => name !== 'README.md');
  const titles = pages.map(({ text }) => /^# (.*)$/m.exec(text)?.[1]);
  expect(new Set(names).size).toBe(names.length);
  expect(new Set(titles).size).toBe(titles.length);
});

test.each(verbs)('the page of %s has its options, exit codes and files, and is the only one', (verb) => {
  const [page, ...others] = docs.filter(({ text }) => text.startsWith(`# \`hpc-gat ${verb}\`\n`));
  expect(others).toEqual([]);
  expect(page?.name).toBe(`docs/reference/${verb}.md`);
  const headings = [...(page?.text ?? '').matchAll(/^## (.*)$/gm)].map(([, heading]) => heading);
  expect(headings.slice(-2)).toEqual(['Exit codes', 'Files']);
  expect(headings).toContain('Options');
});

test.each(pages.map((page) => [page.name, page] as const))(
  'every path of the repository in %s exists',
  (_name, { text }) => {
    const paths = [
      ...text
        .replaceAll(/^```[\s\S]*?^```$/gm, '')
        .matchAll(/`((?:src|test|templates|scripts|slurm|defs|docs|bin)\/[\w./-]*\w)\/?`/g),
      ...text.matchAll(/\((docs\/[\w./-]*\w)\)/g),
    ];
    const missing = paths.flatMap(([, file = '']) => {
      const isPlaceholder = /[A-Z]{3,}/.test(file);
      const candidates = [file, `${file}.ts`].map((each) => path.join(packageRoot, each));
      return isPlaceholder || candidates.some((each) => existsSync(each)) ? [] : [file];
    });
    expect(missing).toEqual([]);
  },
);

test('every test that the page of security names exists', () => {
  const text = pages.find(({ name }) => name === 'docs/guides/security.md')?.text ?? '';
  const named = [...text.matchAll(/^\|.*\|([^|]+)\|$/gm)].flatMap(([, cell = '']) =>
    [...cell.matchAll(/`([a-z][\w/-]*)\/?`/g)].map(([, file = '']) => file),
  );
  const missing = named.filter(
    (file) => !['.test.ts', ''].some((ending) => existsSync(path.join(packageRoot, 'test', file + ending))),
  );
  expect(named.length).toBeGreaterThan(15);
  expect(missing).toEqual([]);
});
