import { expect, test } from '@jest/globals';
import { allHelp } from '../../scripts/docs/help.ts';

/**
 * Verbs whose output is a text in itself: a script for the shell, the name of a directory, the output of another
 * program.
 */
const withoutJson = ['completion', 'credentials', 'files', 'lab exec'];

/** Verbs that change nothing, or only what is requested by name, and the reason why they need no `--dry-run`. */
const withoutDryRun: Readonly<Record<string, readonly string[]>> = {
  'they only report': [
    'status',
    'logs',
    'doctor',
    'config show',
    'render',
    'completion',
    'files',
    'wait-ready',
  ],
  'they only report on models': ['model list', 'model check'],
  'they only report on SIFs and cached layers': ['sif list', 'sif check', 'cache list'],
  'what they write is named on their command line': ['test', 'credentials'],
  'they cause faults in the lab, which is their purpose': ['kill', 'start', 'link', 'gpu', 'controller'].map(
    (verb) => `lab ${verb}`,
  ),
  'they only report on the lab, or run the given command': ['lab status', 'lab exec'],
};

/** Verbs without subcommands, with their help. */
const verbs = new Map((await allHelp()).map(({ verb, help }) => [verb.join(' '), help]));

/** Lists the verbs whose help lacks something. */
function lacking(pattern: RegExp, among: (verb: string) => boolean): string[] {
  return [...verbs].flatMap(([verb, help]) => (among(verb) && !pattern.test(help) ? [verb] : []));
}

test('the walk finds verbs and subcommands', () => {
  expect([...verbs.keys()]).toEqual(
    expect.arrayContaining(['submit', 'model check', 'lab up', 'config show']),
  );
});

test('every verb has an example', () => {
  expect(lacking(/\nExamples:\n +\S/, () => true)).toEqual([]);
});

test('every verb that reports something supports --json', () => {
  const reports = (verb: string) =>
    !withoutJson.includes(verb) && (!verb.startsWith('lab ') || verb === 'lab status');
  expect(lacking(/ --json /, reports)).toEqual([]);
});

test('every verb that changes something supports --dry-run', () => {
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
