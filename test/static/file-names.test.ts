import { expect, test } from '@jest/globals';
import path from 'node:path';
import { sourceFiles } from './source-files.ts';

/** File names that occur more than once because each file is the same thing for its directory. */
const sharedNames: Readonly<Record<string, string>> = {
  'header.ts': 'The header of each format: of a SIF, and of an entry of a tar.',
  'make-sif.ts': 'The verb, and the function of the same name that makes one SIF.',
};

test('no two files of src share a name, except for those listed', () => {
  const names = sourceFiles.map((file) => path.basename(file));
  const shared = names.filter((name, index) => names.indexOf(name) !== index);
  expect([...new Set(shared)].sort()).toEqual(Object.keys(sharedNames));
});
