import type { ParseSource } from '../support/text/parse-with-schema.ts';

/** For what options set, which is checked as if it stood in hpc-gat.yaml. */
export const flagsAsSettings: ParseSource = {
  what: 'command line',
  file: 'options',
  fix: 'correct the option that sets it; --help lists them',
};
