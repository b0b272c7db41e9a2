/** Names under which files, conversions and root file systems are made before they get their own. */
export function isHalfMade(name: string): boolean {
  return /\.(part|work)(\.[^/]*)?\/?$/.test(name);
}
