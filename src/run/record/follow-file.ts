import { open } from 'node:fs/promises';
import { isMissing } from '../../support/files.ts';

/** Reads a growing file of lines, each line once. */
export class LineFollower {
  readonly #file: string;
  readonly #onLine: (line: string) => void;
  #offset = 0;
  #partial = '';

  constructor(file: string, onLine: (line: string) => void) {
    this.#file = file;
    this.#onLine = onLine;
  }

  /** Hands on the complete lines that came since the last call; a file that is not there yet has none. */
  async poll(): Promise<void> {
    const lines = (this.#partial + (await this.#readNew())).split('\n');
    this.#partial = lines.pop() ?? '';
    lines.forEach(this.#onLine);
  }

  /** Hands on what is left, a last line without its line feed included. */
  async finish(): Promise<void> {
    await this.poll();
    if (this.#partial !== '') {
      this.#onLine(this.#partial);
      this.#partial = '';
    }
  }

  async #readNew(): Promise<string> {
    let handle;
    try {
      handle = await open(this.#file);
    } catch (error) {
      if (isMissing(error)) {
        return '';
      }
      throw error;
    }
    try {
      const { size } = await handle.stat();
      if (size <= this.#offset) {
        return '';
      }
      const { buffer, bytesRead } = await handle.read(Buffer.alloc(size - this.#offset), {
        position: this.#offset,
      });
      // A character may be cut in two where the writer stands: up to the last line feed all are whole.
      const whole = buffer.lastIndexOf(0x0a, bytesRead - 1) + 1 || bytesRead;
      this.#offset += whole;
      return buffer.toString('utf8', 0, whole);
    } finally {
      await handle.close();
    }
  }
}
