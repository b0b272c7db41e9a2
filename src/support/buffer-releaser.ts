/**
 * Frees the memory of buffers that a stream of zlib has filled, as soon as it fills the next one. Left to the garbage
 * collector, it sets that off for every 32 MB (V8 counts what lies outside its heap), and each time costs as much as
 * hashing them.
 */
export class BufferReleaser {
  #last: ArrayBufferLike | undefined;

  /** @param piece a view into the buffer that is filled now; of those before nobody holds a view any more. */
  use({ buffer }: Buffer): void {
    if (this.#last !== undefined && this.#last !== buffer && this.#last instanceof ArrayBuffer) {
      this.#last.transfer(0);
    }
    this.#last = buffer;
  }
}
