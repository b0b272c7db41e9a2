import { HpcGatError } from '../../support/errors.ts';

/** A file that is not a SIF, or a broken one. */
export class InvalidSifError extends HpcGatError {
  constructor(file: string, problem: string) {
    super(`${file} ${problem}`, { fix: 'convert the image again: hpc-gat make-sif --force' });
  }
}
