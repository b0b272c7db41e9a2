import { escapeJson, escapeLines } from './text/printable.ts';

/** Where a verb writes. Results go to stdout; everything a person reads besides goes to stderr. */
export interface Output {
  /** A line of the result, to stdout. With `--json` nothing but {@link Output.json} may use stdout. */
  result(line: string): void;
  /** Many lines of the result at once; resolves when their reader is ready for more, so that they do not fill the memory. */
  results(lines: readonly string[]): Promise<void>;
  /** The one JSON document of a verb with `--json`, to stdout. */
  json(value: unknown): void;
  /** A line about what is happening, to stderr. */
  info(line: string): void;
  warn(line: string): void;
  /** A line that the next line replaces, on a terminal; nothing elsewhere. An empty line takes it away. */
  status(line: string): void;
  /** On a terminal: puts these lines of the result where those of the last call stand. Undefined elsewhere. */
  redraw?: (lines: readonly string[]) => void;
  /** Whether stderr is a terminal where lines may be redrawn. */
  readonly interactive: boolean;
}

export interface Streams {
  stdout: Terminal;
  stderr: Terminal;
}

/**
 * Output for people. Texts of servers, models, logs, registries, file names and Slurm may contain control sequences of
 * terminals, which are escaped (printable.ts): always in messages, in results only on a terminal, so that a log in a pipe
 * is unchanged. JSON has its own escapes.
 */
type Terminal = NodeJS.WritableStream & { isTTY?: boolean; columns?: number; rows?: number };

/** ECMA-48 EL: erase from the cursor to the end of the line. */
const eraseLine = '\r\u001b[K';

/** A reader that went away (`| head`) ends the output, not the program. */
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
      // A line that wraps could not be erased again.
      stderr.write(`${eraseLine}${escapeLines(line).slice(0, Math.max(0, (stderr.columns ?? 80) - 1))}`);
      shown = line !== '';
    }
  };
  const say = (stream: NodeJS.WritableStream, text: string) => {
    status('');
    stream.write(`${text}\n`);
  };
  return {
    result: (line) => {
      say(stdout, stdout.isTTY === true ? escapeLines(line) : line);
    },
    results: async (lines) => {
      if (lines.length > 0) {
        const text = lines.join('\n');
        say(stdout, stdout.isTTY === true ? escapeLines(text) : text);
        await isDrained(stdout);
      }
    },
    json: (value) => {
      say(stdout, escapeJson(JSON.stringify(value, null, 2)));
    },
    info: (line) => {
      say(stderr, escapeLines(line));
    },
    warn: (line) => {
      say(stderr, `warning: ${escapeLines(line)}`);
    },
    status,
    ...(stdout.isTTY === true && { redraw: createRedraw(stdout) }),
    interactive,
  };
}

/** ECMA-48 CUU and ED: up to the first line of last time, erase from there. */
function createRedraw(stdout: Terminal): (lines: readonly string[]) => void {
  let height = 0;
  return (lines) => {
    // What wraps or scrolls could not be drawn over.
    const fitting = lines
      .slice(0, Math.max(1, (stdout.rows ?? 24) - 1))
      .map((line) => escapeLines(line).slice(0, Math.max(0, (stdout.columns ?? 80) - 1)));
    stdout.write(`${height === 0 ? '' : `\u001b[${height}A`}\r\u001b[J${fitting.join('\n')}\n`);
    height = fitting.length;
  };
}

/** The same output for a verb whose stdout is kept for one JSON document: lines of the result go to stderr. */
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
