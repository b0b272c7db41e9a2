/** One way to log in that a `WWW-Authenticate` header offers. */
export interface Challenge {
  /** In small letters: `bearer`, `basic`. */
  readonly scheme: string;
  /** By names in small letters. */
  readonly parameters: ReadonlyMap<string, string>;
}

const space = /[\s,]*/y;
const word = /[^\s,="]+/y;
const equals = /[ \t]*=[ \t]*/y;
const quoted = /"((?:[^"\\]|\\[^])*)"?/y;
const unquoted = /[^\s,]*/y;
/** One text in place of parameters, as Negotiate has it. */
const token68 = /[ \t]+[\w.~+/-]+=*[ \t]*(?=,|$)/y;

/**
 * Parses the challenges of a header (RFC 9110, 11.6.1), several of them joined by commas. What real registries send
 * besides is read too: values without quotes that hold colons and slashes, no comma between parameters, no last quote.
 */
export function parseChallenges(header: string): Challenge[] {
  const challenges: { scheme: string; parameters: Map<string, string> }[] = [];
  let at = 0;
  const take = (pattern: RegExp): RegExpExecArray | null => {
    pattern.lastIndex = at;
    const found = pattern.exec(header);
    at = found === null ? at : pattern.lastIndex;
    return found;
  };
  for (;;) {
    take(space);
    const name = take(word)?.[0].toLowerCase();
    if (name === undefined) {
      if (at === header.length) {
        return challenges;
      }
      // A stray quote or equals sign.
      at += 1;
      continue;
    }
    if (take(equals) === null) {
      challenges.push({ scheme: name, parameters: new Map() });
      take(token68);
      continue;
    }
    const value = take(quoted)?.[1]?.replace(/\\([^])/g, '$1') ?? take(unquoted)?.[0] ?? '';
    const parameters = challenges.at(-1)?.parameters;
    if (parameters?.has(name) === false) {
      parameters.set(name, value);
    }
  }
}
