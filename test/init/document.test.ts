import { expect, test } from '@jest/globals';
import { parse } from 'yaml';
import { type Entry, formatDocument } from '../../src/init/document.ts';

const entries: Entry[] = [
  { path: ['site'], value: 'generic', why: ['Why.', 'And more.'] },
  { path: ['slurm', 'account'], value: 'NAME', why: ['Yours.'], example: true },
  { path: ['slurm', 'partition'], value: 'yes', why: [] },
  { path: ['slurm', 'gpu', 'partition'], value: 'NAME', why: ['For GPUs.'], example: true },
  { path: ['setup'], value: ['a: b', '# c'], why: [] },
  { path: ['node', 'temp'], value: ['/tmp'], why: ['Local.'], example: true },
];

test('values follow their comments, and examples are comments', () => {
  expect(formatDocument(['Head.'], entries)).toBe(`# Head.

# Why.
# And more.
site: generic

slurm:
  # Yours.
  # account: NAME
  partition: yes
  # gpu:
  #   # For GPUs.
  #   partition: NAME

setup:
  - "a: b"
  - "# c"

# node:
#   # Local.
#   temp:
#     - /tmp
`);
});

test('a section of examples is enabled by removing its comment marks', () => {
  const examples = entries.filter(({ example }) => example).map((entry) => ({ ...entry, why: [] }));
  const taken = formatDocument([], examples).replaceAll(/^# /gm, '');
  expect(parse(taken)).toEqual({
    slurm: { account: 'NAME', gpu: { partition: 'NAME' } },
    node: { temp: ['/tmp'] },
  });
});
