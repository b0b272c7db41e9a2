import { expect, test } from '@jest/globals';
import { findCycles } from './find-cycles.ts';
import { listImportedFiles, sourceFiles } from './source-files.ts';

test('no file of src imports itself through others, neither values nor types', () => {
  const graph = new Map(sourceFiles.map((file) => [file, listImportedFiles(file)]));
  expect(findCycles(graph)).toEqual([]);
});

test.each<[string, Record<string, string[]>, string[][]]>([
  ['a tree', { a: ['b', 'c'], b: ['c'], c: [] }, []],
  ['a file that imports itself', { a: ['a'] }, [['a']]],
  ['a cycle of two behind a third', { a: ['b'], b: ['c'], c: ['b'] }, [['b', 'c']]],
  [
    'two cycles',
    { a: ['b'], b: ['a', 'c'], c: ['d'], d: ['c'] },
    [
      ['c', 'd'],
      ['a', 'b'],
    ],
  ],
])('findCycles finds the cycles of %s', (_, imports, cycles) => {
  expect(findCycles(new Map(Object.entries(imports)))).toEqual(cycles);
});
