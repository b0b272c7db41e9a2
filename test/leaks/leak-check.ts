/*
 * Leak check: reports what a run left on the nodes of a lab, or a lab on its host. It uses no code of the program under
 * test, only /proc and file systems. It needs root.
 *
 *   leak-check.ts snapshot FILE [NODE=PID ...] [--host] [--mark TEXT ...] [--temp DIR ...] [--cache DIR ...]
 *   leak-check.ts compare BEFORE AFTER
 *   leak-check.ts check BEFORE [--within SECONDS]     the same places now, with that time for processes to end
 *
 * NODE=PID is a name and the host's process id of the first process of the node. `--host` includes the host itself,
 * where names with TEXT, everything in the directories of --temp, and partial files in those of --cache count.
 * Exit code: 0 without leaks, 1 with a line for each leak, 2 for a usage error.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { checkAgain } from './check.ts';
import { describeLeak, leaksBetween, type Leak } from './compare.ts';
import { takeSnapshot, type Places, type Snapshot } from './snapshot.ts';

const usage =
  'usage: leak-check.ts snapshot FILE [NODE=PID ...] [--host] | compare BEFORE AFTER | check BEFORE';

class UsageError extends Error {}

async function main(argv: readonly string[]): Promise<number> {
  const { values, positionals } = parse(argv);
  const [action, file, ...rest] = positionals;
  if (file !== undefined && action === 'snapshot') {
    const host = { marks: values.mark, temporary: values.temp, caches: values.cache };
    const places: Places = { nodes: parseNodes(rest), ...(values.host && { host }) };
    writeFileSync(file, JSON.stringify(takeSnapshot(places)));
    return 0;
  }
  if (file !== undefined && action === 'compare' && rest[0] !== undefined) {
    return report(leaksBetween(readSnapshot(file), readSnapshot(rest[0])));
  }
  if (file !== undefined && action === 'check') {
    return report(await checkAgain(readSnapshot(file), Number(values.within) * 1_000));
  }
  throw new UsageError(usage);
}

function parse(argv: readonly string[]) {
  const texts = { type: 'string', multiple: true, default: [] as string[] } as const;
  try {
    return parseArgs({
      args: [...argv],
      allowPositionals: true,
      options: {
        host: { type: 'boolean', default: false },
        within: { type: 'string', default: '5' },
        mark: texts,
        temp: texts,
        cache: texts,
      },
    });
  } catch (error) {
    throw new UsageError(`${(error as Error).message}\n${usage}`);
  }
}

function parseNodes(texts: readonly string[]): Record<string, number> {
  return Object.fromEntries(
    texts.map((text) => {
      const [, name, pid] = /^([^=]+)=(\d+)$/.exec(text) ?? [];
      if (name === undefined || name === 'host') {
        throw new UsageError(`"${text}" is not NODE=PID\n${usage}`);
      }
      return [name, Number(pid)];
    }),
  );
}

function readSnapshot(file: string): Snapshot {
  return JSON.parse(readFileSync(file, 'utf8')) as Snapshot;
}

function report(leaks: readonly Leak[]): number {
  process.stdout.write(leaks.map((leak) => `${describeLeak(leak)}\n`).join('') || 'nothing left\n');
  return leaks.length === 0 ? 0 : 1;
}

try {
  process.exitCode = await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof UsageError)) {
    throw error;
  }
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 2;
}
