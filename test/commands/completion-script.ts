import { expect } from '@jest/globals';
import path from 'node:path';
import { main } from '../../src/main.ts';
import { packageRoot } from '../../src/support/package-root.ts';
import { testContext } from '../support/context.ts';
import { fakePrograms } from '../support/fake-program.ts';

/** What `hpc-gat completion SHELL` prints. */
export async function completionScript(shell: string): Promise<string> {
  const context = testContext();
  expect(await main(['completion', shell], context)).toBe(0);
  return String(context.results[0]);
}

/** The PATH of a shell that finds this `hpc-gat`. */
export function pathToHpcGat(): string {
  const launcher = path.join(packageRoot, 'bin', 'hpc-gat.js');
  return fakePrograms({ 'hpc-gat': `exec '${process.execPath}' '${launcher}' "$@"` });
}
