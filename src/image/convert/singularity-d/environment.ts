/**
 * The image's environment as lines of any POSIX shell: a value from outside goes before the image's own, but for PATH.
 * Names that no shell takes are left out. Of several values of one name the last one holds.
 *
 * @param env `NAME=VALUE`, or `NAME` alone for an empty value.
 */
export function environmentLines(env: readonly string[]): string[] {
  const values = new Map(env.map(nameAndValue));
  return [...values].flatMap(([name, value]) => {
    if (!isShellName(name)) {
      return [];
    }
    const line = `${name}=${quoteForShell(value)}; export ${name}`;
    return [name === 'PATH' ? line : `[ -n "\${${name}:-}" ] || ${line}`];
  });
}

/** Returns the names of the environment that {@link environmentLines} leaves out, each once. */
export function unusableNames(env: readonly string[]): string[] {
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
 * One word of a POSIX shell with exactly this value. Not the usual `'\\''` for a quote: the shell inside Apptainer, which
 * reads these files, keeps the backslash of it.
 */
export function quoteForShell(value: string): string {
  return `'${value.replaceAll("'", `'"'"'`)}'`;
}

/** What lets `set` take a first word that begins with `-` or `+` as a word: nothing for any other. */
export function endOfOptions([first = '']: readonly string[]): string {
  return /^[-+]/.test(first) ? '-- ' : '';
}

/** Words as the inside of a shell's command line, each in double quotes. */
export function shellWords(words: readonly string[]): string {
  return words.map((word) => `"${word.replace(/[\\"`$]/g, '\\$&')}"`).join(' ');
}
