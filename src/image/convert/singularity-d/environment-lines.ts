/**
 * Formats the image's environment as lines for any POSIX shell. A value from outside takes precedence over the
 * image's, except for PATH. Names that no shell accepts are omitted. Of several values for one name, the last is
 * used.
 *
 * @param env `NAME=VALUE`, or `NAME` alone for an empty value.
 */
export function formatEnvironment(env: readonly string[]): string[] {
  const values = new Map(env.map(nameAndValue));
  return [...values].flatMap(([name, value]) => {
    if (!isShellName(name)) {
      return [];
    }
    const line = `${name}=${quoteForShell(value)}; export ${name}`;
    return [name === 'PATH' ? line : `[ -n "\${${name}:-}" ] || ${line}`];
  });
}

/** Returns the names of the environment that {@link formatEnvironment} omits, each once. */
export function findUnusableNames(env: readonly string[]): string[] {
  return [...new Set(env.map((word) => nameAndValue(word)[0]))].filter(
    (name) => name !== '' && !isShellName(name),
  );
}

function nameAndValue(word: string): [name: string, value: string] {
  const [, name = '', value = ''] = /^([^=]*)=?([^]*)$/.exec(word) ?? [];
  return [name, value];
}

function isShellName(name: string): boolean {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name);
}

/**
 * Quotes a value as one word of a POSIX shell. The usual `'\\''` for a quote is avoided: the shell inside Apptainer,
 * which reads these files, keeps its backslash.
 */
export function quoteForShell(value: string): string {
  return `'${value.replaceAll("'", `'"'"'`)}'`;
}

/** Returns `-- ` for `set` when the first word begins with `-` or `+`, else an empty text. */
export function formatEndOfOptions([first = '']: readonly string[]): string {
  return /^[-+]/.test(first) ? '-- ' : '';
}

/** Formats words for a shell's command line, each in double quotes. */
export function formatShellWords(words: readonly string[]): string {
  return words.map((word) => `"${word.replace(/[\\"`$]/g, '\\$&')}"`).join(' ');
}
