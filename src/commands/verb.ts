import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs';
import type { Context } from '../support/context.ts';

/** One verb of the command line: its declaration, and the one function it calls. */
export interface Verb<Options> {
  /** In yargs' form: `make-sif <source>`. */
  command: string;
  summary: string;
  options: (yargs: Argv) => Argv<Options>;
  /** Imports what it needs when it runs, so that `--help` stays quick. Resolves to the exit code. */
  handle: (args: ArgumentsCamelCase<Options>, context: Context) => Promise<number>;
}

/** A verb, bound to the context it will run in; `done` receives its exit code. */
export type BindVerb = (context: Context, done: (exitCode: number) => void) => CommandModule;

export function defineVerb<Options>(verb: Verb<Options>): BindVerb {
  return (context, done) => {
    const module: CommandModule<object, Options> = {
      command: verb.command,
      describe: verb.summary,
      builder: verb.options,
      handler: async (args) => {
        done(await verb.handle(args, context));
      },
    };
    return module as CommandModule;
  };
}
