import { mkdir, mkdtemp, readdir, readFile, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { main } from '../../../src/main.ts';
import { testContext } from '../../support/context.ts';

export interface Outcome {
  readonly exitCode: number;
  /** Messages on stderr, without the steps. */
  readonly messages: readonly string[];
  /** Files beside the source that are new after the conversion. */
  readonly left: readonly string[];
  /** Whether the surroundings of the directory, where `..` and links lead, are unchanged. */
  readonly outsideIsUntouched: boolean;
}

/**
 * Converts the files that `write` creates in a new directory below `parent`, with the verb itself.
 *
 * @param write returns the source, as a user in that directory would name it.
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
    messages: context.messages.filter((line) => !/^\[\d+ s\] /.test(line)),
    left: after.filter((name) => !before.includes(name)).sort(),
    outsideIsUntouched: precious === 'untouched' && (await readdir(around)).length === 2,
  };
}
