import { readFile } from 'node:fs/promises';
import path from 'node:path';
import { getOwnAccount } from '../support/own-account.ts';

/** Login files of bash, which reads only the first that exists. */
const bashProfiles = ['.bash_profile', '.bash_login', '.profile'];

/** Files in the home directory that a login shell reads, by the shell's name. */
const filesByShell: Readonly<Record<string, readonly string[]>> = {
  bash: [...bashProfiles, '.bashrc'],
  zsh: ['.zshenv', '.zprofile', '.zshrc', '.zlogin'],
  tcsh: ['.tcshrc', '.cshrc', '.login'],
  csh: ['.cshrc', '.login'],
  fish: ['.config/fish/config.fish'],
};

/** Matches commands that end, replace or stop a shell, or remove programs from its PATH. */
const suspicious = new RegExp(
  String.raw`(?:^|[;&|{]|\bthen|\bdo|\belse)\s*(?:` +
    String.raw`(?:exit|logout|exec|return|sleep|read|newgrp|sg|su|screen|tmux|zsh|fish|unset\s+PATH|set\s+-\w*e\w*)\b` +
    String.raw`|(?:export\s+)?PATH=(?!.*\$\{?PATH))`,
);

/**
 * Finds the login file of this user that most likely disturbs Slurm when it loads the user's environment: the
 * first line that exits, replaces or stops the shell, else the files that the login shell reads.
 */
export async function findSuspiciousLoginFile(
  home = getOwnAccount().homeDirectory ?? '/',
  shell = getOwnAccount().shell ?? '/bin/sh',
): Promise<string> {
  const names = filesByShell[path.basename(shell)] ?? ['.profile'];
  const found: string[] = [];
  for (const name of names) {
    const file = path.join(home, name);
    const text = await readFile(file, 'utf8').catch(() => undefined);
    const isSkipped = bashProfiles.includes(name) && found.length > 0;
    if (text === undefined || isSkipped) {
      continue;
    }
    found.push(file);
    const lines = text.split('\n');
    const index = lines.findIndex(
      (line) => suspicious.test(line) && !/\binteractive|\$-|\[ -t|PS1/.test(line),
    );
    if (index >= 0) {
      return `line ${index + 1} of ${file} (${lines[index]?.trim().slice(0, 60) ?? ''})`;
    }
  }
  return found.length === 0 ? `the login files of ${shell}` : found.join(', ');
}
