import type { FileHandle } from 'node:fs/promises';
import { HpcGatError } from '../../../support/errors.ts';
import { readAt } from '../../../support/files/file-access.ts';
import { InvalidSifError } from '../../sif/invalid.ts';

/** Part of a file that contains a file system. All reads go through it, and none extends past its end. */
export class Area {
  readonly sizeBytes: number;
  readonly #handle: FileHandle;
  readonly #file: string;
  readonly #start: number;

  /** @param file name for messages. */
  constructor(
    handle: FileHandle,
    file: string,
    part: { readonly start: number; readonly sizeBytes: number },
  ) {
    this.#handle = handle;
    this.#file = file;
    this.#start = part.start;
    this.sizeBytes = part.sizeBytes;
  }

  /** Returns the error for damaged data. */
  broken(problem: string): InvalidSifError {
    return new InvalidSifError(this.#file, `is damaged: ${problem}`);
  }

  /** Returns the error for data that may be valid, but exceeds what this reader supports. */
  refused(problem: string): HpcGatError {
    return new HpcGatError(`${this.#file} ${problem}`, { fix: 'inspect it with `unsquashfs`' });
  }

  /** @param what name of the data, for messages. @throws {InvalidSifError} if it is not completely inside the area. */
  async read(position: number, length: number, what: string): Promise<Buffer> {
    if (position + length > this.sizeBytes) {
      throw this.broken(
        `${what} at ${position} with ${length} bytes ends after the file system's ${this.sizeBytes}`,
      );
    }
    const bytes = await readAt(this.#handle, this.#start + position, length);
    if (bytes.length < length) {
      throw this.broken(`the file ends inside ${what} at ${position}`);
    }
    return bytes;
  }
}
