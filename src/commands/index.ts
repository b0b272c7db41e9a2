import { makeSif } from './make-sif.ts';
import type { BindVerb } from './verb.ts';

/** Every verb, in the order in which `--help` lists them. */
export const verbs: readonly BindVerb[] = [makeSif];
