import type { CompleteSettings } from '../config/defaults.ts';
import type { Context } from '../support/context.ts';

export interface CheckContext {
  readonly context: Context;
  readonly settings: CompleteSettings;
  /** Absolute path of the project's directory. */
  readonly root: string;
  /** True when the host must have a GPU. */
  readonly gpu: boolean;
}

/** Result of a check. An error stops a run, a warning may stop it; a note is for information. */
export interface Finding {
  readonly status: 'ok' | 'note' | 'warning' | 'error';
  readonly message: string;
  /** Fix of a warning or an error. */
  readonly fix?: string;
}

export interface Check {
  /** Name of the check, one or two words in kebab-case. */
  readonly name: string;
  readonly run: (host: CheckContext) => Promise<Finding | Finding[]>;
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
