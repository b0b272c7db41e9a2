/**
 * The image's environment as lines of any POSIX shell: a value from outside goes before the image's own, but for PATH.
 * Names that no shell takes are left out.
 *
 * @param env `NAME=VALUE`, or `NAME` alone for an empty value.
 */
export function environmentLines(env: readonly string[]): string[] {
  return env.flatMap((word) => {
    const [, name = '', value = ''] = /^([^=]*)=?([^]*)$/.exec(word) ?? [];
    if (!/^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) {
      return [];
    }
    const line = `${name}=${quoteForShell(value)}; export ${name}`;
    return [name === 'PATH' ? line : `[ -n "\${${name}:-}" ] || ${line}`];
  });
}

/**
 * One word of a POSIX shell with exactly this value. Not the usual `'\\''` for a quote: the shell inside Apptainer, which
 * reads these files, keeps the backslash of it.
 */
export function quoteForShell(value: string): string {
  return `'${value.replaceAll("'", `'"'"'`)}'`;
}

/** Words as the inside of a shell's command line, each in double quotes. */
export function shellWords(words: readonly string[]): string {
  return words.map((word) => `"${word.replace(/[\\"`$]/g, '\\$&')}"`).join(' ');
}
