import type { ChallengeStyle } from './scenario.ts';

/** A challenge (RFC 9110, 11.6.1) in one of the forms that registries send. */
export function writeChallenge(
  scheme: string,
  parameters: readonly (readonly [name: string, value: string])[],
  { letters, isQuoted, separator, equals, isShuffled }: ChallengeStyle,
): string {
  const inLetters = (word: string) => {
    const capitalized = word.slice(0, 1).toUpperCase() + word.slice(1);
    return { lower: word, upper: word.toUpperCase(), mixed: capitalized }[letters];
  };
  const ordered = isShuffled ? parameters.toReversed() : parameters;
  const written = ordered.map(([name, value]) => {
    const quoted = `"${value.replace(/["\\]/g, '\\$&')}"`;
    return inLetters(name) + equals + (isQuoted ? quoted : value);
  });
  return `${inLetters(scheme)} ${written.join(separator)}`;
}
