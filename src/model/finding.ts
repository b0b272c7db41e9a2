import path from 'node:path';
import type { Position } from '../formats/pbtxt/position.ts';

/** One mistake in a model repository. */
export interface Finding {
  readonly model: string;
  /** Absolute path of the file or directory. */
  readonly file: string;
  /** Line and column where it stands, both from 1, for files that have lines. */
  readonly line?: number;
  readonly column?: number;
  /** An error keeps Triton from loading the model; a warning is something that a person should look at. */
  readonly severity: 'error' | 'warning';
  readonly what: string;
  readonly fix: string;
}

export interface Reporter {
  error(place: Location, what: string, fix: string): void;
  warning(place: Location, what: string, fix: string): void;
}

/** A file or directory, or a place in the model's config.pbtxt. */
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

/** A finding as `FILE:LINE:COLUMN: severity: what`, and its fix on a line of its own. */
export function formatFinding({ file, line, column, severity, what, fix }: Finding, cwd: string): string[] {
  const place = [shortenPath(file, cwd), line, column].filter((part) => part !== undefined).join(':');
  return [`${place}: ${severity}: ${what}`, `  fix: ${fix}`];
}

/** Relative to `cwd` for what lies in it. */
export function shortenPath(file: string, cwd: string): string {
  const relative = path.relative(cwd, file);
  return relative === '' || relative.startsWith('..') ? file : relative;
}
