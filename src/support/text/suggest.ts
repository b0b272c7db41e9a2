import { closest, distance } from 'fastest-levenshtein';

/** Finds the valid word that is most similar; undefined when none is similar enough. */
export function findNearest(word: string, valid: readonly string[]): string | undefined {
  if (valid.length === 0) {
    return undefined;
  }
  const candidate = closest(word, valid);
  return distance(word, candidate) <= Math.max(2, Math.floor(word.length / 3)) ? candidate : undefined;
}

/**
 * Formats a fix: `did you mean "gpu"? partitions here: cpu, gpu`. The first part appears only when a word is
 * similar.
 */
export function suggestion(word: string, what: string, valid: readonly string[]): string {
  const meant = findNearest(word, valid);
  return `${meant === undefined ? '' : `did you mean "${meant}"? `}${what}: ${valid.join(', ')}`;
}
