import yargs from 'yargs';
import { verbs } from './commands/verbs.ts';
import { describeUnknownVerb } from './commands/unknown-verb.ts';
import { toUsageError } from './commands/usage-error.ts';
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
      const [, words = ''] = /^Unknown (?:commands?|arguments?): (.+)$/.exec(message ?? '') ?? [];
      const word = words.split(', ').find((each) => each !== '' && argv.includes(each));
      const known = verbsOf(parser);
      if (word !== undefined && known.length > 0) {
        throw new UsageError(describeUnknownVerb(word, known), {
          fix: `${['hpc-gat', ...argv.slice(0, argv.indexOf(word))].join(' ')} --help lists the verbs`,
        });
      }
      throw toUsageError(message ?? error?.message ?? 'unusable arguments', usageOf(parser), argv);
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

/** Returns the verbs of the level that yargs parses. */
function verbsOf(parser: unknown): string[] {
  return (parser as Internals).getInternalMethods().getCommandInstance().getCommands();
}

/** Returns the verb that yargs parses, with its arguments: `hpc-gat model add <name> <file>`. */
function usageOf(parser: unknown): string {
  const [[usage = ''] = []] = (parser as Internals).getInternalMethods().getUsageInstance().getUsage();
  return usage.replace('$0', 'hpc-gat');
}

/** Parts of yargs that its types lack. */
interface Internals {
  getInternalMethods(): {
    getCommandInstance(): { getCommands(): string[] };
    getUsageInstance(): { getUsage(): string[][] };
  };
}
