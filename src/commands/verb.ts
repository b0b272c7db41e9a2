import type { ArgumentsCamelCase, Argv, CommandModule } from 'yargs';
import type { Context } from '../support/context.ts';
import { UsageError } from '../support/errors.ts';

/** One verb of the command line: its declaration, and the one function it calls. */
export interface Verb<Options> {
  /** In yargs' form: `make-sif <source>`. */
  command: string;
  summary: string;
  options: (yargs: Argv) => Argv<Options>;
  /** Imports what it needs when it runs, so that `--help` stays quick. Resolves to the exit code. */
  handle: (args: ArgumentsCamelCase<Options>, context: Context) => Promise<number>;
}

/** Message of yargs for a missing verb; the program shows the help instead. */
export const missingVerb = 'a verb is missing';

/** A verb, bound to the context it will run in; `done` receives its exit code. */
export type BindVerb = (context: Context, done: (exitCode: number) => void) => CommandModule;

export function defineVerb<Options>(verb: Verb<Options>): BindVerb {
  return (context, done) => {
    let declared: DeclaredOptions = { array: [] };
    const module: CommandModule<object, Options> = {
      command: verb.command,
      describe: verb.summary,
      builder: (yargs) => {
        const built = verb.options(yargs);
        declared = (built as unknown as { getOptions: () => DeclaredOptions }).getOptions();
        return built;
      },
      handler: async (args) => {
        refuseUnusable(args, verb.command, declared);
        done(await verb.handle(args, context));
      },
    };
    return module as CommandModule;
  };
}

/** Parts of yargs that its types lack. */
interface DeclaredOptions {
  readonly array: readonly string[];
}

/** Rejects what yargs accepts silently: NaN, its value of `--cpus abc`, and the list of a flag that is given twice. */
function refuseUnusable(args: object, command: string, { array }: DeclaredOptions): void {
  for (const [name, value] of Object.entries(args)) {
    const flag = `--${name}`;
    if (Number.isNaN(value)) {
      throw new UsageError(`${flag} requires a number`, { fix: `for example ${flag} 2` });
    }
    const isList =
      array.includes(kebabCase(name)) || name === '_' || name === '--' || command.includes(`${name}..`);
    if (Array.isArray(value) && !isList) {
      throw new UsageError(`${flag} was given ${value.length} times`, { fix: `give ${flag} once` });
    }
  }
}

/** Converts a camelCase name to kebab-case: yargs returns an option under both names, but lists it under its declared one. */
function kebabCase(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}
