import type { FileHandle } from 'node:fs/promises';
import { HpcGatError } from '../../../support/errors.ts';
import { readAt } from '../../../support/files/file-access.ts';
import { InvalidSifError } from '../../sif/invalid.ts';

/** The part of a file in which a file system lies. Everything is read through here, and nothing beyond its end. */
export class Area {
  readonly sizeBytes: number;
  readonly #handle: FileHandle;
  readonly #file: string;
  readonly #start: number;

  /** @param file names it in messages. */
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

  /** The error that says what is wrong and where. */
  broken(problem: string): InvalidSifError {
    return new InvalidSifError(this.#file, `is damaged: ${problem}`);
  }

  /** The error for what may be sound, but is more than this reader takes. */
  refused(problem: string): HpcGatError {
    return new HpcGatError(`${this.#file} ${problem}`, { fix: 'look at it with `unsquashfs`' });
  }

  /** @param what is read, for messages. @throws {InvalidSifError} when it does not lie whole in the area. */
  async read(position: number, length: number, what: string): Promise<Buffer> {
    if (position + length > this.sizeBytes) {
      throw this.broken(
        `${what} at ${position} with ${length} bytes ends behind the file system's ${this.sizeBytes}`,
      );
    }
    const bytes = await readAt(this.#handle, this.#start + position, length);
    if (bytes.length < length) {
      throw this.broken(`the file ends inside ${what} at ${position}`);
    }
    return bytes;
  }
}
