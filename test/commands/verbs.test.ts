import { beforeAll, expect, test } from '@jest/globals';
import { main } from '../../src/main.ts';
import { testContext } from '../support/context.ts';

/** Verbs whose answer is a text of its own: a script, logs, files, another program's output. */
const withoutJson = ['render', 'logs', 'completion', 'credentials', 'files', 'lab exec'];

/** Verbs that change nothing, or nothing but what they are asked for by name, and why they need no `--dry-run`. */
const withoutDryRun: Readonly<Record<string, readonly string[]>> = {
  'they only tell': [
    'status',
    'logs',
    'doctor',
    'config show',
    'render',
    'completion',
    'files',
    'wait-ready',
  ],
  'of models they only tell': ['model list', 'model check'],
  'of SIFs and kept layers they only tell': ['sif list', 'sif check', 'cache list'],
  'what they write is named on their command line': ['test', 'credentials'],
  'they hurt the rehearsal lab, which is the rehearsal': ['kill', 'start', 'link', 'gpu', 'controller'].map(
    (verb) => `lab ${verb}`,
  ),
  'of the lab they only tell, or run what one types': ['lab status', 'lab exec'],
};

async function helpOf(words: readonly string[]): Promise<string> {
  const context = testContext();
  await main([...words, '--help'], context);
  return context.results.join('\n');
}

/** The verbs that have no verbs below them, with their help. */
async function walk(words: readonly string[] = []): Promise<Map<string, string>> {
  const text = await helpOf(words);
  const listed = /\nCommands:\n([\s\S]*?)\n\n/.exec(text)?.[1] ?? '';
  const below = [...listed.matchAll(/^ {2}hpc-gat (.+?)(?: {2}|$)/gm)]
    .map(([, usage = '']) => usage.split(' ').filter((word) => /^[a-z]/.test(word)))
    .filter((longer) => longer.length > words.length);
  if (below.length === 0) {
    return new Map([[words.join(' '), text]]);
  }
  const found = new Map<string, string>();
  for (const longer of below) {
    (await walk(longer)).forEach((help, verb) => found.set(verb, help));
  }
  return found;
}

let verbs = new Map<string, string>();

beforeAll(async () => {
  verbs = await walk();
});

/** Those whose help lacks something. */
function lacking(pattern: RegExp, among: (verb: string) => boolean): string[] {
  return [...verbs].flatMap(([verb, help]) => (among(verb) && !pattern.test(help) ? [verb] : []));
}

test('the walk finds verbs and those below them', () => {
  expect([...verbs.keys()]).toEqual(
    expect.arrayContaining(['submit', 'model check', 'lab up', 'config show']),
  );
});

test('every verb has an example', () => {
  expect(lacking(/\nExamples:\n +\S/, () => true)).toEqual([]);
});

test('every verb that reports does so as JSON too', () => {
  const reports = (verb: string) =>
    !withoutJson.includes(verb) && (!verb.startsWith('lab ') || verb === 'lab status');
  expect(lacking(/ --json /, reports)).toEqual([]);
});

test('every verb that changes something can say what it would do', () => {
  const excused = Object.values(withoutDryRun).flat();
  expect(excused.filter((verb) => !verbs.has(verb))).toEqual([]);
  expect(lacking(/ --dry-run /, (verb) => !excused.includes(verb))).toEqual([]);
});

test('every option is described', () => {
  const silent = [...verbs].flatMap(([verb, help]) =>
    [...help.matchAll(/^ +(--[a-z-]+)(?: {2,}\[|$)/gm)].map(([, option = '']) => `${verb} ${option}`),
  );
  expect(silent).toEqual([]);
});
