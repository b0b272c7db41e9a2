import { runCli } from '../../src/cli.ts';
import { systemClock } from '../../src/support/clock.ts';
import { runCommand } from '../../src/support/processes/command.ts';
import type { Context } from '../../src/support/context.ts';

/** The words of a verb, like `['model', 'add']`; none for `hpc-gat` itself. */
export type VerbPath = readonly string[];

export interface VerbHelp {
  readonly verb: VerbPath;
  /** Output of `--help`. */
  readonly help: string;
}

/** Returns the help of every verb; subcommands of a group like `model` follow each other. */
export async function allHelp(verb: VerbPath = []): Promise<VerbHelp[]> {
  const help = await helpOf(verb);
  const found: VerbHelp[] = [];
  for (const name of verbsBelow(verb, help)) {
    found.push(...(await allHelp([...verb, name])));
  }
  return found.length > 0 ? found : [{ verb, help }];
}

/** Returns the options in a help text, with their dashes. */
export function optionsIn(help: string): string[] {
  const named = help.matchAll(/^ +(?:(-\w), )?(--[\w-]+)/gm);
  return [...named].flatMap(([, short, long = '']) => (short === undefined ? [long] : [short, long]));
}

async function helpOf(verb: VerbPath): Promise<string> {
  let printed = '';
  const nothing = () => undefined;
  const context: Context = {
    env: {},
    cwd: '/',
    run: runCommand,
    clock: systemClock,
    signal: new AbortController().signal,
    output: {
      result: (line) => {
        printed += line;
      },
      results: () => Promise.resolve(),
      json: nothing,
      info: nothing,
      warn: nothing,
      status: nothing,
      interactive: false,
    },
  };
  await runCli([...verb, '--help'], context, '0.0.0');
  return printed;
}

function verbsBelow(verb: VerbPath, help: string): string[] {
  const [, commands = ''] = /^Commands:\n((?: .*\n)*)/m.exec(help) ?? [];
  const own = ['hpc-gat', ...verb].join(' ');
  const lines = commands.split('\n').filter((line) => line.startsWith(`  ${own} `));
  return lines.map((line) => line.slice(own.length + 3).split(' ')[0] ?? '');
}
