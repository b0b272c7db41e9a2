/** Effort spent on the search for earlier matches: the parameters of `compress` in assembly/index.ts. */
export type Effort = readonly [depth: number, nice: number, patience: number, mark: number];

/** Efforts for zlib's levels 1 to 9. At each level the streams are about as long as zlib's, or shorter. */
const efforts: readonly Effort[] = [
  [3, 16, 0, 0],
  [6, 24, 0, 1],
  [10, 32, 0, 1],
  [8, 32, 1, 1],
  [12, 40, 1, 1],
  [16, 48, 1, 2],
  [32, 96, 2, 3],
  [100, 200, 2, 3],
  [400, 258, 3, 3],
];

export function getEffort(level: number): Effort {
  const effort = efforts[level - 1];
  if (effort === undefined) {
    throw new RangeError(`the deflate level ${level} is not between 1 and ${efforts.length}`);
  }
  return effort;
}
