/** Returns whether a name is a temporary one of files, conversions or root file systems before they are complete. */
export function isHalfMade(name: string): boolean {
  return /\.(part|work)(\.[^/]*)?\/?$/.test(name);
}
