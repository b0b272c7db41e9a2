import { isListed, readFrom } from '../../support/shared-files.ts';

/** How many polls in a row may find a null byte where text is still on its way from a writer on another host. */
const patience = 25;

const pieceBytes = 4 * 1024 * 1024;

/** Characters after which a line without an end is handed on in parts. */
const longestLine = 1024 * 1024;

/** Reads a growing file of lines, each line once. */
export class LineFollower {
  readonly #file: string;
  readonly #onLine: (line: string) => void;
  #isThere = false;
  #offset = 0;
  #partial = '';
  #heldBack = 0;
  /** Whether the file goes on after the piece that was read last. */
  #isMore = false;

  constructor(file: string, onLine: (line: string) => void) {
    this.#file = file;
    this.#onLine = onLine;
  }

  /** Hands on the complete lines that came since the last call; a file that is not there yet has none. */
  async poll(): Promise<void> {
    await this.#handOn({ isLast: false });
  }

  async #handOn(options: { readonly isLast: boolean }): Promise<void> {
    // In pieces: a log may be larger than a string can be.
    do {
      const lines = (this.#partial + (await this.#readNew(options))).split('\n');
      this.#partial = lines.pop() ?? '';
      lines.forEach(this.#onLine);
      if (this.#partial.length > longestLine) {
        this.#onLine(this.#partial);
        this.#partial = '';
      }
    } while (this.#isMore);
  }

  /** Hands on what is left, a last line without its line feed included. */
  async finish(): Promise<void> {
    this.#heldBack = patience;
    await this.#handOn({ isLast: true });
    if (this.#partial !== '') {
      this.#onLine(this.#partial);
      this.#partial = '';
    }
  }

  async #readNew(options: { readonly isLast: boolean }): Promise<string> {
    this.#isThere ||= await isListed(this.#file);
    this.#isMore = false;
    if (!this.#isThere) {
      return '';
    }
    const bytes = this.#withoutHole(
      (await readFrom(this.#file, this.#offset, { ...options, limit: pieceBytes })) ?? Buffer.alloc(0),
    );
    // A character may be cut in two where the writer stands: up to the last line feed all are whole.
    const whole = bytes.lastIndexOf(0x0a) + 1 || bytes.length;
    this.#offset += whole;
    this.#isMore = bytes.length >= pieceBytes;
    return bytes.toString('utf8', 0, whole);
  }

  /** NFS may bring later pages of a file first; null bytes stand for the others until they come. */
  #withoutHole(bytes: Buffer): Buffer {
    const hole = bytes.indexOf(0);
    this.#heldBack = hole === -1 ? 0 : this.#heldBack + 1;
    return hole === -1 || this.#heldBack > patience ? bytes : bytes.subarray(0, hole);
  }
}

/**
 * Hands on the lines of a file that is there, without blank ones at its end.
 *
 * @returns whether there is such a file.
 */
export async function readLines(file: string, onLine: (line: string) => void): Promise<boolean> {
  let blank = 0;
  const follower = new LineFollower(file, (line) => {
    if (line.trim() === '') {
      blank += 1;
      return;
    }
    for (; blank > 0; blank -= 1) {
      onLine('');
    }
    onLine(line);
  });
  await follower.finish();
  return isListed(file);
}
