import { mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { main } from '../../../src/main.ts';
import { testContext } from '../../support/context.ts';

export interface Outcome {
  readonly exitCode: number;
  /** What a person reads on stderr, without the steps. */
  readonly said: readonly string[];
  /** What lies beside the source afterwards that was not there before. */
  readonly left: readonly string[];
  /** Whether what lies around the directory is as it was: where `..` and links lead. */
  readonly outsideIsUntouched: boolean;
}

/**
 * Converts, by the verb itself, what `write` puts into a new directory below `parent`.
 *
 * @param write resolves to the source, as a person in that directory would name it.
 */
export async function convertMade(
  parent: string,
  write: (directory: string) => Promise<string>,
  flags: readonly string[] = [],
): Promise<Outcome> {
  const around = await mkdtemp(path.join(parent, 'case-'));
  const directory = path.join(around, 'project');
  await mkdir(directory);
  await writeFile(path.join(around, 'precious'), 'untouched');
  const source = await write(directory);
  const before = await readdir(directory, { recursive: true });
  const env = { ...testContext().env, XDG_CACHE_HOME: `${around}.cache` };
  const context = testContext({ cwd: directory, env });
  const argv = [
    'make-sif',
    source,
    '--engine',
    'native',
    '-o',
    'out.sif',
    '--compression',
    'zstd:1',
    ...flags,
  ];
  const exitCode = await main(argv, context);
  const after = await readdir(directory, { recursive: true });
  const precious = await readFile(path.join(around, 'precious'), 'utf8').catch(() => '');
  return {
    exitCode,
    said: context.messages.filter((line) => !/^\[\d+ s\] /.test(line)),
    left: after.filter((name) => !before.includes(name)).sort(),
    outsideIsUntouched: precious === 'untouched' && (await readdir(around)).length === 2,
  };
}
