import type { CompleteSettings } from '../config/defaults.ts';
import type { Context } from '../support/context.ts';

export interface CheckContext {
  readonly context: Context;
  readonly settings: CompleteSettings;
  /** Absolute path of the project's directory. */
  readonly root: string;
  /** True when the host must have a GPU. */
  readonly gpu: boolean;
  /** Files of the system; those of this host unless a test passes its own. */
  readonly system?: SystemFiles;
}

/** Files and directories of the system that checks read at fixed paths. */
export interface SystemFiles {
  readonly fuse: string;
  readonly sharedMemory: string;
  /** Version of the NVIDIA driver, from its kernel module. */
  readonly nvidiaVersion: string;
  /** "1" when AppArmor denies user namespaces. */
  readonly namespaceRestriction: string;
}

export const systemFiles: SystemFiles = {
  fuse: '/dev/fuse',
  sharedMemory: '/dev/shm',
  nvidiaVersion: '/proc/driver/nvidia/version',
  namespaceRestriction: '/proc/sys/kernel/apparmor_restrict_unprivileged_userns',
};

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
