import { UsageError } from '../support/errors.ts';

/**
 * Returns the error for a message of yargs.
 *
 * @param usage the verb with its arguments: `hpc-gat model add <name> <file>`.
 * @param argv arguments of the program.
 */
export function toUsageError(message: string, usage: string, argv: readonly string[]): UsageError {
  const verb = usage.split(/ [<[]/)[0] ?? '';
  for (const [pattern, explain] of explanations) {
    const match = pattern.exec(message);
    if (match !== null) {
      return explain(match.slice(1), { usage, verb, argv });
    }
  }
  return new UsageError(message, { fix: `${verb} --help` });
}

interface VerbUsage {
  readonly usage: string;
  /** The usage without arguments: `hpc-gat model add`. */
  readonly verb: string;
  /** Arguments of the program. */
  readonly argv: readonly string[];
}

type Explain = (groups: readonly string[], verb: VerbUsage) => UsageError;

const explanations: readonly (readonly [RegExp, Explain])[] = [
  [
    /^Unknown commands?: (.+)$/s,
    ([words = ''], { verb }) =>
      new UsageError(`${plural('unexpected argument', words)} ${words}`, {
        fix: `leave out ${words}; ${verb} --help lists the arguments`,
      }),
  ],
  [
    /^Unknown arguments?: (.+)$/s,
    ([names = ''], { verb, argv }) =>
      new UsageError(`${plural('unknown option', toFlags(names, argv))} ${toFlags(names, argv)}`, {
        fix: `${verb} --help lists the options`,
      }),
  ],
  [
    /^Not enough non-option arguments: got (\d+)/,
    ([count], { usage }) => {
      const missing = [...usage.matchAll(/<([^>]+)>/g)].slice(Number(count)).map(([, name = '']) => name);
      const names = missing.join(', ');
      return new UsageError(`${plural('missing argument', names)}: ${names}`, { fix: `write ${usage}` });
    },
  ],
  [
    /^Missing required arguments?: (.+)$/s,
    ([names = ''], { verb }) =>
      new UsageError(`${plural('missing option', names)}: ${toFlags(names)}`, {
        fix: `add ${toFlags(names)}; ${verb} --help describes the options`,
      }),
  ],
  [
    /^Not enough arguments following: (.+)$/s,
    ([name = ''], { verb }) =>
      new UsageError(`${toFlags(name)} needs a value`, { fix: `${verb} --help describes the options` }),
  ],
  [
    /^Invalid values:\n {2}Argument: (\S+), Given: (.*), Choices: (.*)$/m,
    ([name = '', given = '', choices = ''], { usage, verb }) => {
      const isPositional = new RegExp(String.raw`[<[]${name}[>\]]`).test(usage);
      return new UsageError(`${isPositional ? name : toFlags(name)} cannot be ${given}`, {
        fix: `write one of ${choices}; ${verb} --help describes them`,
      });
    },
  ],
  [
    /^Arguments (\S+) and (\S+) are mutually exclusive$/,
    ([first = '', second = '']) =>
      new UsageError(`${toFlags(first)} and ${toFlags(second)} cannot be given together`, {
        fix: 'leave out one of them',
      }),
  ],
];

function plural(noun: string, list: string): string {
  return list.includes(', ') ? `${noun}s` : noun;
}

/**
 * Adds the dashes to names of options: `n, lines` becomes `-n, --lines`. yargs lists `such-thing` as `suchThing` too, and
 * `--no-cache` as `cache`.
 */
function toFlags(list: string, argv: readonly string[] = []): string {
  const names = list.split(', ');
  return names
    .filter((name) => !names.some((other) => other.includes('-') && camelCase(other) === name))
    .map((name) => (argv.includes(`--no-${name}`) ? `no-${name}` : name))
    .map((name) => (name.length === 1 ? `-${name}` : `--${name}`))
    .join(', ');
}

function camelCase(name: string): string {
  return name.replace(/-(\w)/g, (_dash, letter: string) => letter.toUpperCase());
}
