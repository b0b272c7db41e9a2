/** A directory or file of the host, seen in a container. */
export interface Mount {
  /** Absolute. */
  readonly source: string;
  readonly destination: string;
  readonly readOnly: boolean;
}

/**
 * The value of `--mount`, which Apptainer and Docker read alike. Unlike that of `--bind` and `--volume` it is a line of
 * CSV, so that a path may hold colons, commas and quotes.
 */
export function quoteForMount({ source, destination, readOnly }: Mount): string {
  const fields = ['type=bind', `source=${source}`, `destination=${destination}`, ...(readOnly ? ['ro'] : [])];
  return fields.map((field) => (/[",\n]/.test(field) ? `"${field.replaceAll('"', '""')}"` : field)).join(',');
}
