/** Authentication challenge of a `WWW-Authenticate` header. */
export interface Challenge {
  /** Authentication scheme in lower case: `bearer`, `basic`. */
  readonly scheme: string;
  /** Parameters by name in lower case. */
  readonly parameters: ReadonlyMap<string, string>;
}

const space = /[\s,]*/y;
const word = /[^\s,="]+/y;
const equals = /[ \t]*=[ \t]*/y;
const quoted = /"((?:[^"\\]|\\[^])*)"?/y;
const unquoted = /[^\s,]*/y;
/** Single token in place of parameters (token68), as in Negotiate. */
const token68 = /[ \t]+[\w.~+/-]+=*[ \t]*(?=,|$)/y;

/**
 * Parses the comma-separated challenges of a header (RFC 9110, 11.6.1). Deviations of real registries are accepted:
 * unquoted values with colons and slashes, missing commas between parameters, a missing final quote.
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
      // Skips a stray quote or equals sign.
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
