import type { CompleteSettings } from '../config/defaults.ts';
import type { Context } from '../support/context.ts';

export interface CheckContext {
  readonly context: Context;
  readonly settings: CompleteSettings;
  /** Absolute directory of the project. */
  readonly root: string;
  /** Whether a GPU has to be here. */
  readonly gpu: boolean;
}

/** What a check found. An error stops a run, a warning may; a note only tells. */
export interface Finding {
  readonly status: 'ok' | 'note' | 'warning' | 'error';
  readonly message: string;
  /** What to do about a warning or an error. */
  readonly fix?: string;
}

export interface Check {
  /** One or two words, in kebab-case. */
  readonly name: string;
  readonly examine: (patient: CheckContext) => Promise<Finding | Finding[]>;
}

export function ok(message: string): Finding {
  return { status: 'ok', message };
}

export function note(message: string): Finding {
  return { status: 'note', message };
}

export function warning(message: string, fix: string): Finding {
  return { status: 'warning', message, fix };
}

export function error(message: string, fix: string): Finding {
  return { status: 'error', message, fix };
}
