import path from 'node:path';
import type { Position } from '../formats/pbtxt/position.ts';

/** Mistake in a model repository. */
export interface Finding {
  readonly model: string;
  /** Absolute path of the file or directory. */
  readonly file: string;
  /** Line and column of the mistake, both from 1, for files that have lines. */
  readonly line?: number;
  readonly column?: number;
  /** Error, which prevents Triton from loading the model, or warning, which the user should check. */
  readonly severity: 'error' | 'warning';
  readonly what: string;
  readonly fix: string;
}

export interface Reporter {
  error(place: Location, what: string, fix: string): void;
  warning(place: Location, what: string, fix: string): void;
}

/** Path of a file or directory, or a position in the model's config.pbtxt. */
export type Location = string | Position;

export function createReporter(model: string, configFile: string, findings: Finding[]): Reporter {
  const add =
    (severity: Finding['severity']) =>
    (place: Location, what: string, fix: string): void => {
      const where = typeof place === 'string' ? { file: place } : { file: configFile, ...place };
      findings.push({ model, ...where, severity, what, fix });
    };
  return { error: add('error'), warning: add('warning') };
}

/** Formats a finding as `FILE:LINE:COLUMN: severity: what`, with its fix on a separate line. */
export function formatFinding({ file, line, column, severity, what, fix }: Finding, cwd: string): string[] {
  const place = [shortenPath(file, cwd), line, column].filter((part) => part !== undefined).join(':');
  return [`${place}: ${severity}: ${what}`, `  fix: ${fix}`];
}

/** Shortens paths below `cwd` to relative ones. */
export function shortenPath(file: string, cwd: string): string {
  const relative = path.relative(cwd, file);
  return relative === '' || relative.startsWith('..') ? file : relative;
}
