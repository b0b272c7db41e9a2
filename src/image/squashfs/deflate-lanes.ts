import { DeflateThread } from '../deflate/deflate-thread.ts';
import type { Lane } from './lanes.ts';

/** Lanes that compress blocks to zlib streams, in threads of their own: one for each place for a block. */
export function deflateLanes(level: number, threadCount: number): Lane[] {
  const threads = Array.from({ length: threadCount }, () => new DeflateThread(level));
  const places = Array.from({ length: DeflateThread.places }, (_, place) => place);
  // The first blocks go to different threads.
  return places.flatMap((place) =>
    threads.map((thread) => ({
      compress: (block) => thread.compress(place, block),
      close: () => {
        thread.close();
      },
    })),
  );
}
