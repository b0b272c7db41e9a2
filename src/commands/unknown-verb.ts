// cspell:ignore submti
import { distance } from 'fastest-levenshtein';

/** Verbs that end or remove something, which are never suggested: a suggestion may be executed without thought. */
const destructiveVerbs = ['cleanup', 'stop', 'prune', 'down', 'kill', 'link', 'controller'];

/** Returns the message for a verb that does not exist: `unknown verb "submti"; did you mean submit?`. */
export function describeUnknownVerb(word: string, verbs: readonly string[]): string {
  const [closest] = verbs
    .map((verb) => ({ verb, edits: distance(word, verb) }))
    .filter(({ edits }) => edits <= 2 && edits < word.length)
    .sort((a, b) => a.edits - b.edits);
  const isUsable = closest !== undefined && !destructiveVerbs.includes(closest.verb);
  return `unknown verb "${word}"${isUsable ? `; did you mean ${closest.verb}?` : ''}`;
}
