/**
 * Frees each buffer that a zlib stream has filled as soon as it fills the next one. The garbage collector
 * would otherwise run after every 32 MB (V8 counts memory outside its heap), and each run takes as long as
 * hashing these bytes.
 */
export class BufferReleaser {
  #last: ArrayBufferLike | undefined;

  /**
   * @param piece view into the buffer that is filled now; no view into an earlier buffer may still be in use
   */
  use({ buffer }: Buffer): void {
    if (this.#last !== undefined && this.#last !== buffer && this.#last instanceof ArrayBuffer) {
      this.#last.transfer(0);
    }
    this.#last = buffer;
  }
}
