import yargs from 'yargs';
import { verbs } from './commands/verbs.ts';
import { describeUnknownVerb } from './commands/unknown-verb.ts';
import { missingVerb } from './commands/verb.ts';
import type { Context } from './support/context.ts';
import { ExitCode, UsageError } from './support/errors.ts';

/** Thrown where a verb is missing; the help is shown instead of a message. */
class MissingVerb extends Error {}

/** Parses the arguments and runs the verb they name. Resolves to its exit code. */
export async function runCli(argv: readonly string[], context: Context, version: string): Promise<number> {
  try {
    return await parseAndRun(argv, context, version);
  } catch (error) {
    if (!(error instanceof MissingVerb)) {
      throw error;
    }
    await parseAndRun([...argv.filter((word) => !word.startsWith('-')), '--help'], context, version);
    return ExitCode.usage;
  }
}

async function parseAndRun(argv: readonly string[], context: Context, version: string): Promise<number> {
  let exitCode = 0;
  const modules = verbs.map((bind) =>
    bind(context, (code) => {
      exitCode = code;
    }),
  );
  const names = modules.map(({ command }) => String(command).split(' ')[0]);
  const parser = yargs([...argv])
    .scriptName('hpc-gat')
    .usage('$0 <verb> [options]\n\nA model in a Docker image, under Slurm and Apptainer.')
    .parserConfiguration({ 'greedy-arrays': false, 'populate--': true, 'dot-notation': false })
    // The program's own messages are English, too.
    .locale('en')
    .strict()
    .strictCommands()
    .demandCommand(1, missingVerb)
    .version(version)
    .help()
    .wrap(100)
    .exitProcess(false)
    .fail((message: string | null, error: Error | undefined) => {
      // Without a throw yargs would run the handler even after a validation error.
      if (error !== undefined && error.name !== 'YError') {
        throw error;
      }
      if (message === missingVerb) {
        throw new MissingVerb(message);
      }
      const [, word] = /^Unknown (?:command|argument): (\w[\w-]*)$/.exec(message ?? '') ?? [];
      const known = verbsOf(parser);
      if (word !== undefined && known.length > 0) {
        throw new UsageError(describeUnknownVerb(word, known), {
          fix: `${['hpc-gat', ...argv.slice(0, argv.indexOf(word))].join(' ')} --help lists the verbs`,
        });
      }
      throw new UsageError(message ?? error?.message ?? 'unusable arguments', {
        fix: names.includes(argv[0] ?? '') ? `hpc-gat ${argv[0] ?? ''} --help` : 'hpc-gat --help',
      });
    });
  for (const module of modules) {
    parser.command(module);
  }
  let printed = '';
  await parser.parseAsync([...argv], {}, (_error, _args, output) => {
    printed = output;
  });
  if (printed !== '') {
    context.output.result(printed);
  }
  return exitCode;
}

/** Returns the verbs of the level that yargs parses, which its types lack. */
function verbsOf(parser: unknown): string[] {
  const internals = parser as {
    getInternalMethods(): { getCommandInstance(): { getCommands(): string[] } };
  };
  return internals.getInternalMethods().getCommandInstance().getCommands();
}
