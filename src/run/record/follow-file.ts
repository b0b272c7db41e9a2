import { isListed, readFrom } from '../../support/files/shared-files.ts';

/** Limit of consecutive polls that wait for text of another host in place of null bytes. */
const maxHolePolls = 25;

const pieceBytes = 4 * 1024 * 1024;

/** Number of characters after which a line without a line feed is passed on in parts. */
const longestLine = 1024 * 1024;

/** Reads a growing file of lines, each line once. */
export class LineFollower {
  readonly #file: string;
  readonly #onLine: (line: string) => void;
  readonly #onPiece: (() => Promise<void>) | undefined;
  #exists = false;
  #offset = 0;
  #partial = '';
  #heldBack = 0;
  /** True when the file continues after the last piece that was read. */
  #isMore = false;

  /** @param onPiece called after the lines of each piece of the file, which is read on when it resolves */
  constructor(file: string, onLine: (line: string) => void, onPiece?: () => Promise<void>) {
    this.#file = file;
    this.#onLine = onLine;
    this.#onPiece = onPiece;
  }

  /** Passes on the complete lines since the last call; none for a missing file. */
  async poll(): Promise<void> {
    await this.#passOn({ isLast: false });
  }

  async #passOn(options: { readonly isLast: boolean }): Promise<void> {
    // The file is read in pieces, because a log may be larger than the longest string.
    do {
      const lines = (this.#partial + (await this.#readNew(options))).split('\n');
      this.#partial = lines.pop() ?? '';
      lines.forEach(this.#onLine);
      if (this.#partial.length > longestLine) {
        this.#onLine(this.#partial);
        this.#partial = '';
      }
      await this.#onPiece?.();
    } while (this.#isMore);
  }

  /** Passes on the rest, including a last line without a line feed. */
  async finish(): Promise<void> {
    this.#heldBack = maxHolePolls;
    await this.#passOn({ isLast: true });
    if (this.#partial !== '') {
      this.#onLine(this.#partial);
      this.#partial = '';
    }
  }

  async #readNew(options: { readonly isLast: boolean }): Promise<string> {
    this.#exists ||= await isListed(this.#file);
    this.#isMore = false;
    if (!this.#exists) {
      return '';
    }
    const bytes = this.#withoutHole(
      (await readFrom(this.#file, this.#offset, { ...options, limit: pieceBytes })) ?? Buffer.alloc(0),
    );
    // The last character may be incomplete; all characters before the last line feed are complete.
    const whole = bytes.lastIndexOf(0x0a) + 1 || bytes.length;
    this.#offset += whole;
    this.#isMore = bytes.length >= pieceBytes;
    return bytes.toString('utf8', 0, whole);
  }

  /** Cuts the bytes at the first null byte: NFS may deliver later pages first, and null bytes fill the missing ones. */
  #withoutHole(bytes: Buffer): Buffer {
    const hole = bytes.indexOf(0);
    this.#heldBack = hole === -1 ? 0 : this.#heldBack + 1;
    return hole === -1 || this.#heldBack > maxHolePolls ? bytes : bytes.subarray(0, hole);
  }
}

/**
 * Passes on the lines of a file, without blank lines at its end.
 *
 * @returns whether the file exists.
 */
export async function readLines(
  file: string,
  onLine: (line: string) => void,
  onPiece?: () => Promise<void>,
): Promise<boolean> {
  let blank = 0;
  const follower = new LineFollower(
    file,
    (line) => {
      if (line.trim() === '') {
        blank += 1;
        return;
      }
      for (; blank > 0; blank -= 1) {
        onLine('');
      }
      onLine(line);
    },
    onPiece,
  );
  await follower.finish();
  return isListed(file);
}
