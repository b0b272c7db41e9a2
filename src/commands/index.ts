import { lab } from './lab.ts';
import { makeSif } from './make-sif.ts';
import { test } from './test.ts';
import type { BindVerb } from './verb.ts';
import { waitReady } from './wait-ready.ts';

/** Every verb, in the order in which `--help` lists them. */
export const verbs: readonly BindVerb[] = [makeSif, waitReady, test, lab];
