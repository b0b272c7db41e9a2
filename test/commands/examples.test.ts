import { expect, test } from '@jest/globals';
import { execa } from 'execa';
import yargs, { type CommandModule } from 'yargs';
import { runCli } from '../../src/cli.ts';
import { verbs } from '../../src/commands/verbs.ts';
import type { Context } from '../../src/support/context.ts';
import { temporaryDirectory } from '../support/temporary-directory.ts';

class Reached extends Error {}

/** Context that ends a verb at its first effect: its arguments were valid then, and nothing has happened. */
const untouchable = new Proxy({} as Context, {
  get: () => {
    throw new Reached();
  },
  ownKeys: () => {
    throw new Reached();
  },
});

/** Returns the examples in the help of a verb and its subcommands. */
function examplesOf({ builder }: CommandModule): string[] {
  const found: string[] = [];
  const parser = yargs([]);
  Object.assign(parser, {
    example: (line: string) => {
      found.push(line);
      return parser;
    },
    command: (below: CommandModule) => {
      found.push(...examplesOf(below));
      return parser;
    },
  });
  if (typeof builder === 'function') {
    void builder(parser);
  }
  return found;
}

/** Returns the words that bash passes to hpc-gat, also through Slurm; other commands of the line are dropped. */
async function wordsOf(example: string): Promise<string[]> {
  const home = temporaryDirectory();
  const script = `
    hpc-gat() { printf '%s\\0' "$@" >&3; }
    salloc() { until [ "$1" = hpc-gat ]; do shift; done; "$@"; }
    cp() { :; }
    mkdir -p ~/.local/share/bash-completion/completions
    ${example.replaceAll('$0', 'hpc-gat')}`;
  const { stdio } = await execa('bash', ['-c', script], {
    cwd: home,
    env: { HOME: home },
    stdio: ['ignore', 'ignore', 'pipe', 'pipe'],
  });
  return stdio[3].split('\0').slice(0, -1);
}

const examples = verbs.flatMap((bind) => examplesOf(bind(untouchable, () => undefined)));

test('every verb has examples', () => {
  expect(examples.length).toBeGreaterThan(verbs.length * 2);
});

test.each(examples)('the example %s is accepted exactly as the help shows it', async (example) => {
  const words = await wordsOf(example);
  await expect(runCli(words, untouchable, '0.0.0')).rejects.toBeInstanceOf(Reached);
});
