import { escapeJson, escapeLines } from './text/printable.ts';

/** Output of a verb. Results go to stdout; all other text for people goes to stderr. */
export interface Output {
  /** Writes a line of the result to stdout. With `--json` only {@link Output.json} may use stdout. */
  result(line: string): void;
  /** Writes many lines of the result; resolves when their reader accepts more, so that they do not fill the memory. */
  results(lines: readonly string[]): Promise<void>;
  /** Writes the one JSON document of a verb with `--json` to stdout. */
  json(value: unknown): void;
  /** Writes a line about progress to stderr. */
  info(line: string): void;
  warn(line: string): void;
  /**
   * Shows a line on a terminal until the next line replaces it; an empty line erases it. Does nothing
   * elsewhere.
   */
  status(line: string): void;
  /** Draws these lines of the result over those of the last call. Undefined when stdout is not a terminal. */
  redraw?: (lines: readonly string[]) => void;
  /** True when stderr is a terminal, where lines may be redrawn. */
  readonly interactive: boolean;
}

export interface Streams {
  stdout: Terminal;
  stderr: Terminal;
}

/**
 * Terminal or file that text is written to. Texts of servers, models, logs, registries, file names and Slurm
 * may contain control sequences of terminals, which are escaped (printable.ts): always in messages, in
 * results only on a terminal, so that a log in a pipe is unchanged. JSON has its own escapes.
 */
type Terminal = NodeJS.WritableStream & { isTTY?: boolean; columns?: number; rows?: number };

/** ECMA-48 EL: erase from the cursor to the end of the line. */
const eraseLine = '\r\u001b[K';

/** Ignores EPIPE: a reader that has gone (`| head`) ends the output, not the program. */
function ignoreBrokenPipe(stream: NodeJS.WritableStream): void {
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') {
      throw error;
    }
  });
}

/** Waits until a stream has written enough to accept more, or its reader went away. */
async function isDrained(stream: NodeJS.WritableStream & { writableNeedDrain?: boolean }): Promise<void> {
  if (stream.writableNeedDrain === true) {
    await new Promise((resolve) => {
      stream.once('drain', resolve).once('close', resolve).once('error', resolve);
    });
  }
}

export function createOutput({ stdout, stderr }: Streams): Output {
  ignoreBrokenPipe(stdout);
  ignoreBrokenPipe(stderr);
  const interactive = stderr.isTTY === true;
  let shown = false;
  const status = (line: string) => {
    if (interactive && (shown || line !== '')) {
      // A line that wraps could not be erased.
      stderr.write(`${eraseLine}${escapeLines(line).slice(0, Math.max(0, (stderr.columns ?? 80) - 1))}`);
      shown = line !== '';
    }
  };
  const write = (stream: NodeJS.WritableStream, text: string) => {
    status('');
    stream.write(`${text}\n`);
  };
  return {
    result: (line) => {
      write(stdout, stdout.isTTY === true ? escapeLines(line) : line);
    },
    results: async (lines) => {
      if (lines.length > 0) {
        const text = lines.join('\n');
        write(stdout, stdout.isTTY === true ? escapeLines(text) : text);
        await isDrained(stdout);
      }
    },
    json: (value) => {
      write(stdout, escapeJson(JSON.stringify(value, null, 2)));
    },
    info: (line) => {
      write(stderr, escapeLines(line));
    },
    warn: (line) => {
      write(stderr, `warning: ${escapeLines(line)}`);
    },
    status,
    ...(stdout.isTTY === true && { redraw: createRedraw(stdout) }),
    interactive,
  };
}

/**
 * Creates `redraw`, by ECMA-48 CUU and ED: moves up to the first line of the last call and erases from there.
 */
function createRedraw(stdout: Terminal): (lines: readonly string[]) => void {
  let height = 0;
  return (lines) => {
    // Lines that wrap or scroll could not be overwritten.
    const fitting = lines
      .slice(0, Math.max(1, (stdout.rows ?? 24) - 1))
      .map((line) => escapeLines(line).slice(0, Math.max(0, (stdout.columns ?? 80) - 1)));
    stdout.write(`${height === 0 ? '' : `\u001b[${height}A`}\r\u001b[J${fitting.join('\n')}\n`);
    height = fitting.length;
  };
}

/** Returns an output whose result lines go to stderr, for a verb that prints one JSON document on stdout. */
export function withoutResults(output: Output): Output {
  return {
    ...output,
    result: (line) => {
      output.info(line);
    },
    results: (lines) => {
      lines.forEach((line) => {
        output.info(line);
      });
      return Promise.resolve();
    },
  };
}
