import { expect, test } from '@jest/globals';
import { blocksOf, pages } from './pages.ts';
import { linesToRun, notRun, pageNamed, stories } from './stories.ts';

test('every shell block is run by a story, or listed with the reason why not', () => {
  const covered = new Set(stories.map(({ page }) => page));
  const uncovered = pages.filter(({ name }) => !covered.has(name)).flatMap((page) => linesToRun(page));
  expect(uncovered).toEqual([]);
});

test('every story has something to run, and every reason a block', () => {
  expect(stories.filter(({ page }) => linesToRun(pageNamed(page)).length === 0)).toEqual([]);
  const stale = notRun.filter(({ page, line }) => {
    const shell = blocksOf(pageNamed(page)).filter(({ language }) => language === 'sh');
    return !shell.some(({ text }) => text.split('\n').some((each) => line.test(each)));
  });
  expect(stale).toEqual([]);
});

test('a command that is not run because another page has it, is on that page', () => {
  const commandsOf = (name: string) =>
    blocksOf(pageNamed(name)).flatMap(({ text }) =>
      text.split('\n').map((line) => line.replace(/ +#.*/, '')),
    );
  const missing = notRun.flatMap(({ page, line, sameAs }) =>
    sameAs === undefined
      ? []
      : commandsOf(page).filter((command) => line.test(command) && !commandsOf(sameAs).includes(command)),
  );
  expect(missing).toEqual([]);
});
