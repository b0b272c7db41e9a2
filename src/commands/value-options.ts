import yargs, { type Argv, type CommandModule } from 'yargs';
import type { Context } from '../support/context.ts';
import type { BindVerb } from './verb.ts';

/** Returns the options of all verbs whose value is free text, a number or a file (`--image`, `-o`), sorted and without duplicates. */
export function valueOptions(verbs: readonly BindVerb[], context: Context): string[] {
  const names = verbs.flatMap((bind) => namesOf(bind(context, () => undefined)));
  return [...new Set(names)].sort();
}

function namesOf({ builder }: Pick<CommandModule, 'builder'>): string[] {
  if (typeof builder !== 'function') {
    return [];
  }
  const parser = yargs([]);
  void builder(parser);
  const { key, boolean, choices, alias } = internals(parser).getOptions();
  const own = Object.keys(key).filter((name) => {
    const all = [name, ...(alias[name] ?? [])];
    return !all.some((one) => boolean.includes(one) || choices[one] !== undefined);
  });
  const handlers = internals(parser).getInternalMethods().getCommandInstance().getCommandHandlers();
  return [
    ...own.map((name) => (name.length === 1 ? `-${name}` : `--${name}`)),
    ...Object.values(handlers).flatMap(namesOf),
  ];
}

/** Parts of yargs that its types lack. */
interface Internals {
  getOptions(): {
    readonly key: Readonly<Record<string, unknown>>;
    readonly boolean: readonly string[];
    readonly choices: Readonly<Record<string, unknown>>;
    readonly alias: Readonly<Record<string, readonly string[]>>;
  };
  getInternalMethods(): {
    getCommandInstance(): {
      getCommandHandlers(): Readonly<Record<string, Pick<CommandModule, 'builder'>>>;
    };
  };
}

function internals(parser: Argv): Internals {
  return parser as unknown as Internals;
}
