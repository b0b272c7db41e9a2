import yargs from 'yargs';
import { verbs } from './commands/verbs.ts';
import type { Context } from './support/context.ts';
import { UsageError } from './support/errors.ts';

/** Parses the arguments and runs the verb they name. Resolves to its exit code. */
export async function runCli(argv: readonly string[], context: Context, version: string): Promise<number> {
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
    // As all of this program's own texts.
    .locale('en')
    .strict()
    .strictCommands()
    .demandCommand(1, 'Which verb? `hpc-gat --help` lists them.')
    .recommendCommands()
    .version(version)
    .help()
    .wrap(100)
    .exitProcess(false)
    .fail((message: string | null, error: Error | undefined) => {
      // Without a throw yargs would run the handler even after a validation error.
      if (error !== undefined && error.name !== 'YError') {
        throw error;
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
