import { type Settings, settingsSchema } from '../config/schema.ts';
import { parseWith } from '../support/text/parse-with-schema.ts';

/** A flag of the command line, its value, and the keys of hpc-gat.yaml that it sets. */
export interface SettingFlag {
  /** Without dashes. */
  readonly flag: string;
  /** Undefined where the flag was not given. */
  readonly value: unknown;
  /** Keys with dots between their parts: `slurm.gpu.time`. */
  readonly keys: readonly string[];
}

/**
 * Returns the settings that flags set.
 *
 * @throws {UsageError} for a value that the schema rejects; the message names the flag and the value.
 */
export function settingsFromFlags(flags: readonly SettingFlag[]): Settings {
  const given = flags.filter(({ value }) => value !== undefined);
  const settings: Record<string, unknown> = {};
  for (const { keys, value } of given) {
    for (const key of keys) {
      setValue(settings, key.split('.'), value);
    }
  }
  return parseWith(settingsSchema, settings, {
    what: 'command line',
    file: 'command line',
    fix: 'correct the option; --help describes it',
    labelOf: (path) => {
      const wrong = path.map(String).join('.');
      const setter = given.find(({ keys }) => keys.some((key) => `${wrong}.`.startsWith(`${key}.`)));
      return setter === undefined ? undefined : `--${setter.flag} ${formatValue(setter.value)}`;
    },
  });
}

/** Sets the value at a path of keys; the objects on its way are created. */
function setValue(
  settings: Record<string, unknown>,
  [key = '', ...rest]: readonly string[],
  value: unknown,
): void {
  if (rest.length === 0) {
    settings[key] = value;
  } else {
    const inner = (settings[key] ?? {}) as Record<string, unknown>;
    settings[key] = inner;
    setValue(inner, rest, value);
  }
}

function formatValue(value: unknown): string {
  return [value]
    .flat()
    .map((one) => JSON.stringify(one))
    .join(' ');
}
