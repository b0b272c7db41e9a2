import { existsSync } from 'node:fs';
import path from 'node:path';
import { projectFileName } from '../config/find-project.ts';
import { readSite, listSites } from '../config/load.ts';
import type { Context } from '../support/context.ts';
import { UsageError } from '../support/errors.ts';
import { writeFileAtomically } from '../support/files/file-access.ts';
import { type Entry, formatDocument } from './document.ts';
import { guessEntries } from './guess.ts';
import { detectHost } from './detect-host.ts';

export interface InitOptions {
  readonly site: string | undefined;
  /** True to replace an existing file. */
  readonly force: boolean;
  readonly dryRun: boolean;
}

export interface InitReport {
  readonly file: string;
  readonly written: boolean;
  readonly content: string;
  /** Guessed values with their reasons; examples, which are comments, are left out. */
  readonly guesses: readonly { readonly key: string; readonly value: unknown; readonly why: string }[];
}

/**
 * Makes the working directory a project, with values that were detected on this host.
 *
 * @throws {UsageError} when an hpc-gat.yaml exists, or for an unknown site profile.
 */
export async function initProject(
  context: Context,
  { site, force, dryRun }: InitOptions,
): Promise<InitReport> {
  const file = path.join(context.cwd, projectFileName);
  if (!dryRun && !force && existsSync(file)) {
    throw new UsageError(`${file} exists already`, {
      fix: '--dry-run prints what would be written, --force replaces the file',
    });
  }
  const known = await listSites();
  const { profile } = await readSite(site ?? 'generic', context.cwd);
  const host = await detectHost(context);
  const entries = guessEntries(host, { name: site, profile, known });
  const head = [
    `Written by \`hpc-gat init\` on ${host.host}. Each comment names the source of its value: correct what is wrong.`,
    'All keys: docs/reference/configuration.md.',
  ];
  const content = formatDocument(head, entries);
  if (!dryRun) {
    await writeFileAtomically(file, content);
  }
  return { file, written: !dryRun, content, guesses: entries.filter(isGuess).map(toGuess) };
}

function isGuess({ example }: Entry): boolean {
  return example !== true;
}

function toGuess({ path: keys, value, why }: Entry): InitReport['guesses'][number] {
  return { key: keys.join('.'), value, why: why.join(' ') };
}
