/** Deeper and longer than any manifest, index or configuration of an image is. */
const maxDepth = 64;
const maxValues = 100_000;

/**
 * Parses the JSON that describes an image. Before it becomes objects, which take a hundred times its length, it is
 * looked at for what no description has.
 *
 * @throws {SyntaxError} when it is no JSON, or nests or lists more than a description does.
 */
export function parseDescription(text: string): unknown {
  let depth = 0;
  let values = 0;
  let isQuoted = false;
  for (let at = 0; at < text.length; at += 1) {
    const character = text[at];
    if (isQuoted) {
      at += character === '\\' ? 1 : 0;
      isQuoted = character !== '"';
    } else if (character === '"') {
      isQuoted = true;
    } else if (character === '[' || character === '{') {
      depth += 1;
    } else if (character === ']' || character === '}') {
      depth -= 1;
    } else if (character === ',') {
      values += 1;
    }
    if (depth > maxDepth || values > maxValues) {
      throw new SyntaxError('nested or listed as no description of an image is');
    }
  }
  return JSON.parse(text);
}
