/** Directory or file of the host that is mounted in a container. */
export interface Mount {
  /** Absolute path on the host. */
  readonly source: string;
  readonly destination: string;
  readonly readOnly: boolean;
}

/**
 * Formats the value of `--mount`, which Apptainer and Docker parse alike. Unlike the value of `--bind` and
 * `--volume` it is a line of CSV, so that a path may contain colons, commas and quotes.
 */
export function quoteForMount({ source, destination, readOnly }: Mount): string {
  const fields = ['type=bind', `source=${source}`, `destination=${destination}`, ...(readOnly ? ['ro'] : [])];
  return fields.map((field) => (/[",\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field)).join(',');
}
