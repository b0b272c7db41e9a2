import { afterEach } from '@jest/globals';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { removeTree } from '../../src/support/files/remove-tree.ts';

const made: string[] = [];

afterEach(async () => {
  await Promise.all(made.splice(0).map(removeTree));
});

/** Creates an empty directory that is removed after the test. */
export function temporaryDirectory(): string {
  const directory = mkdtempSync(path.join(tmpdir(), 'hpc-gat-test-'));
  made.push(directory);
  return directory;
}
