import { expect, test } from '@jest/globals';
import { allHelp, optionsIn } from '../../scripts/docs/help.ts';
import { verbPages } from '../../scripts/docs/pages.ts';
import { blocksOf, pages, type Page } from './pages.ts';

const helps = await allHelp();

/**
 * Finds the calls of hpc-gat in code blocks and inline code: the words after the name, up to the end of the command.
 */
function callsIn(page: Page): string[] {
  const blocks = blocksOf(page).map(({ language, text }) =>
    // Only the examples of a verb's help are commands; the rest is prose.
    language === 'text' ? examplesOf(text) : text,
  );
  const outside = page.text.replaceAll(/^```[\s\S]*?^```$/gm, '');
  const inline = [...outside.matchAll(/`([^`]+)`/g)].map(([, code = '']) => code.replaceAll('\n', ' '));
  return [...blocks, ...inline].flatMap((code) =>
    [...code.replaceAll(/ #.*$/gm, '').matchAll(/(?:^|[\s(])hpc-gat +([a-z][^\n|;&#)<>`$]*)/g)].map(
      ([, call = '']) => call.trim(),
    ),
  );
}

/** Returns the calls in the examples of a verb's help, without their descriptions. */
function examplesOf(help: string): string {
  const [, examples = ''] = help.split('\nExamples:\n');
  return examples.replaceAll(/(\S) {2,}.*$/gm, '$1');
}

/** Returns the reason why this call is invalid; undefined if it is valid. */
function problemOf(call: string): string | undefined {
  const [beforeDashes = ''] = call.split(/ -- | --$/);
  const words = beforeDashes.split(/\s+/);
  const known = helps.filter(({ verb }) => verb.every((word, at) => words[at] === word));
  const group = helps.filter(({ verb }) => verb[0] === words[0]);
  const allowed = (known.length > 0 ? known : group).flatMap(({ help }) => optionsIn(help));
  const isKnown = (word: string) => allowed.includes(word) || allowed.includes(word.replace(/^--no-/, '--'));
  const wrong = words.filter((word) => /^--?[a-z]/.test(word) && !isKnown(word.replace(/=.*/, '')));
  if (group.length === 0) {
    return `no verb ${words[0] ?? ''}: hpc-gat ${call}`;
  }
  return wrong.length === 0 ? undefined : `no option ${wrong.join(', ')}: hpc-gat ${call}`;
}

test.each(pages.map((page) => [page.name, page] as const))(
  'every command in %s exists, with its options',
  (_name, page) => {
    expect(callsIn(page).flatMap((call) => problemOf(call) ?? [])).toEqual([]);
  },
);

test('commands are found, and wrong ones are reported', () => {
  const text =
    '`hpc-gat submit --gpu`\n```sh\nsalloc srun hpc-gat run --gppu # a comment\nhpc-gat nosuch\n```\n';
  const calls = callsIn({ name: 'x', text });
  expect(calls).toEqual(['run --gppu', 'nosuch', 'submit --gpu']);
  expect(calls.map(problemOf)).toEqual([
    'no option --gppu: hpc-gat run --gppu',
    'no verb nosuch: hpc-gat nosuch',
    undefined,
  ]);
});

test('the page of every verb shows its current help; `npm run docs` updates it', async () => {
  for (const [name, text] of await verbPages()) {
    expect({ name, text: pages.find((page) => page.name === name)?.text }).toEqual({ name, text });
  }
});

test('the table of verbs in README.md lists every verb', () => {
  const readme = pages.find(({ name }) => name === 'README.md')?.text ?? '';
  const [, table = ''] = /\n## Verbs\n([\s\S]*?)\n## /.exec(readme) ?? [];
  const listed = [...table.matchAll(/`([a-z][\w -]*)`/g)].map(([, name = '']) => name.split(' ')[0]);
  expect(listed).toEqual(expect.arrayContaining(helps.map(({ verb }) => verb[0])));
});
