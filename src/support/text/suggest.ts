import { closest, distance } from 'fastest-levenshtein';

/** The valid word that was probably meant, when there is one close enough to be worth naming. */
export function findNearest(word: string, valid: readonly string[]): string | undefined {
  if (valid.length === 0) {
    return undefined;
  }
  const candidate = closest(word, valid);
  return distance(word, candidate) <= Math.max(2, Math.floor(word.length / 3)) ? candidate : undefined;
}

/** A fix: `did you mean "gpu"? partitions here: cpu, gpu`, the first part only when one is close. */
export function suggestion(word: string, what: string, valid: readonly string[]): string {
  const meant = findNearest(word, valid);
  return `${meant === undefined ? '' : `did you mean "${meant}"? `}${what}: ${valid.join(', ')}`;
}
