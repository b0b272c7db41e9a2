import { HpcGatError } from '../../support/errors.ts';

/** A file that is not a SIF, or a broken one. */
export class InvalidSifError extends HpcGatError {
  readonly file: string;
  readonly problem: string;

  constructor(file: string, problem: string) {
    super(`${file} ${problem}`, {
      fix: 'copy it again from where it is whole, or convert the image again: hpc-gat make-sif --force',
    });
    this.file = file;
    this.problem = problem;
  }
}
