import yargs, { type CommandModule } from 'yargs';
import { verbs } from '../../src/commands/verbs.ts';
import { testContext } from '../support/context.ts';

export interface VerbTexts {
  /** Words of the verb: `cache list`. */
  readonly verb: string;
  readonly summary: string;
  /** Descriptions of options and positional arguments, by their names. */
  readonly descriptions: ReadonlyMap<string, string>;
  readonly examples: readonly (readonly [command: string, explanation: string])[];
}

/** Lists every verb, groups included, with the texts of its help as they are declared. */
export function verbTexts(): VerbTexts[] {
  return verbs.flatMap((bind) =>
    textsOf(
      bind(testContext(), () => undefined),
      [],
    ),
  );
}

function textsOf({ command, describe, builder }: CommandModule, above: readonly string[]): VerbTexts[] {
  const verb = [...above, String(command).split(' ')[0] ?? ''];
  const parser = yargs([]).help(false).version(false);
  const examples: [string, string][] = [];
  parser.example = (command: unknown, explanation?: unknown) => {
    examples.push([String(command), String(explanation)]);
    return parser;
  };
  if (typeof builder === 'function') {
    void builder(parser);
  }
  const internals = (parser as unknown as Internals).getInternalMethods();
  const below = Object.values(internals.getCommandInstance().getCommandHandlers());
  return [
    {
      verb: verb.join(' '),
      summary: String(describe),
      descriptions: new Map(
        Object.entries(internals.getUsageInstance().getDescriptions()).map(([name, text]) => [
          name,
          text ?? '',
        ]),
      ),
      examples,
    },
    ...below.flatMap(({ original, description, builder: inner }) =>
      textsOf({ command: original, describe: description, builder: inner } as CommandModule, verb),
    ),
  ];
}

/** Parts of yargs that its types do not have. */
interface Internals {
  getInternalMethods(): {
    getUsageInstance(): { getDescriptions(): Readonly<Record<string, string | undefined>> };
    getCommandInstance(): {
      getCommandHandlers(): Readonly<
        Record<string, { original: string; description: string; builder: CommandModule['builder'] }>
      >;
    };
  };
}
