/** Where a verb writes. Results go to stdout; everything a person reads besides goes to stderr. */
export interface Output {
  /** A line of the result, to stdout. With `--json` nothing but {@link Output.json} may use stdout. */
  result(line: string): void;
  /** The one JSON document of a verb with `--json`, to stdout. */
  json(value: unknown): void;
  /** A line about what is happening, to stderr. */
  info(line: string): void;
  warn(line: string): void;
  /** Whether stderr is a terminal where lines may be redrawn. */
  readonly interactive: boolean;
}

export interface Streams {
  stdout: NodeJS.WritableStream;
  stderr: NodeJS.WritableStream & { isTTY?: boolean };
}

/** A reader that went away (`| head`) ends the output, not the program. */
function ignoreBrokenPipe(stream: NodeJS.WritableStream): void {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') {
      throw error;
    }
  });
}

export function createOutput({ stdout, stderr }: Streams): Output {
  ignoreBrokenPipe(stdout);
  ignoreBrokenPipe(stderr);
  return {
    result: (line) => void stdout.write(`${line}\n`),
    json: (value) => void stdout.write(`${JSON.stringify(value, null, 2)}\n`),
    info: (line) => void stderr.write(`${line}\n`),
    warn: (line) => void stderr.write(`warning: ${line}\n`),
    interactive: stderr.isTTY === true,
  };
}
