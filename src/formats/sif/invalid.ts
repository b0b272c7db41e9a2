import { HpcGatError } from '../../support/errors.ts';

/** Error for a file that is not a SIF, or is a damaged one. */
export class InvalidSifError extends HpcGatError {
  readonly file: string;
  readonly problem: string;

  constructor(file: string, problem: string) {
    super(`${file} ${problem}`, {
      fix: 'copy it again from an intact file, or convert the image again: hpc-gat make-sif --force',
    });
    this.file = file;
    this.problem = problem;
  }
}
