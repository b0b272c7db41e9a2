import { spawn, type ChildProcess } from 'node:child_process';
import { constants } from 'node:os';
import { styleText } from 'node:util';

export interface Command {
  /** Prompt and command, as shown. */
  readonly typed: string;
  readonly file: string;
  readonly args: readonly string[];
  /** True to return the standard output instead of showing it. */
  readonly capture?: boolean;
}

interface Ended {
  readonly exitCode: number;
  readonly output: string;
}

/** Error that ends the demo with an exit code; all messages were printed before. */
export class Stop extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode: number) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** Time limit for a step to end after a signal; `submit --wait` waits until its job is canceled. */
const graceMs = 60_000;

/** Runs commands in order, with their output and time; a signal ends the current one and all later ones. */
export class Stage {
  readonly #env: NodeJS.ProcessEnv;
  readonly #times: [title: string, seconds: string][] = [];
  #child: ChildProcess | undefined;
  #signal: NodeJS.Signals | undefined;
  #cleaning = false;

  constructor(env: NodeJS.ProcessEnv) {
    this.#env = env;
    for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
      process.on(signal, () => {
        this.#onSignal(signal);
      });
    }
    // The reader has closed the pipe, as in `npm run demo | head`; the remaining steps still run.
    process.stdout.on('error', () => undefined);
  }

  /** Exit code for the received signal; undefined without one. */
  get interruption(): number | undefined {
    return this.#signal === undefined ? undefined : 128 + constants.signals[this.#signal];
  }

  print(line: string): void {
    process.stdout.write(`${line}\n`);
  }

  /**
   * Runs a step and waits for its end.
   *
   * @throws {Stop} when it fails, or after a signal
   * @returns its standard output with `capture`, else an empty string
   */
  async step(title: string, command: Command): Promise<string> {
    this.#throwIfInterrupted();
    const { exitCode, output } = await this.#perform(title, command);
    this.#throwIfUnusable(command, exitCode);
    return output;
  }

  /** Returns the standard output of a command that is not a step. */
  async ask(command: Command): Promise<string> {
    this.#throwIfInterrupted();
    const { exitCode, output } = await this.#run({ ...command, capture: true });
    this.#throwIfUnusable(command, exitCode);
    return output;
  }

  /** Runs a cleanup step. From the first one on, signals are ignored, so that the cleanup is completed. */
  async finalStep(title: string, command: Command): Promise<number> {
    this.#cleaning = true;
    return (await this.#perform(title, command)).exitCode;
  }

  /** Prints a line for each step with its time. */
  table(): string[] {
    const width = Math.max(...this.#times.map(([, seconds]) => seconds.length));
    return this.#times.map(([title, seconds]) => `  ${seconds.padStart(width)} s  ${title}`);
  }

  async #perform(title: string, command: Command): Promise<Ended> {
    this.print(`\n${this.#style('bold', `== ${title}`)}`);
    this.print(this.#style('cyan', command.typed));
    const started = performance.now();
    const ended = await this.#run(command);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    this.#times.push([title, seconds]);
    this.print(this.#style('dim', `-- ${seconds} s`));
    return ended;
  }

  #run({ file, args, capture = false }: Command): Promise<Ended> {
    return new Promise((resolve, reject) => {
      // The step runs in its own session: Ctrl-C reaches only this process, which forwards it once.
      const child = spawn(file, [...args], {
        env: this.#env,
        detached: true,
        stdio: ['ignore', capture ? 'pipe' : 'inherit', 'inherit'],
      });
      this.#child = child;
      let output = '';
      child.stdout?.setEncoding('utf8').on('data', (text: string) => (output += text));
      child.on('error', reject);
      child.on('close', (code, signal) => {
        this.#child = undefined;
        resolve({ exitCode: code ?? 128 + constants.signals[signal ?? 'SIGKILL'], output });
      });
    });
  }

  #onSignal(signal: NodeJS.Signals): void {
    // npm and a terminal may both deliver the same Ctrl-C, and users may press it twice.
    if (this.#signal !== undefined) {
      return;
    }
    this.#signal = signal;
    this.print(`\n${signal}: ${this.#cleaning ? 'the cleanup continues' : 'ending this step, then the lab'}`);
    if (!this.#cleaning) {
      const child = this.#child;
      child?.kill(signal === 'SIGHUP' ? 'SIGTERM' : signal);
      setTimeout(() => child?.kill('SIGKILL'), graceMs).unref();
    }
  }

  #throwIfInterrupted(): void {
    if (this.interruption !== undefined) {
      throw new Stop('interrupted', this.interruption);
    }
  }

  #throwIfUnusable({ typed }: Command, exitCode: number): void {
    this.#throwIfInterrupted();
    if (exitCode !== 0) {
      throw new Stop(`exit code ${exitCode} from: ${typed}`, exitCode);
    }
  }

  #style(style: Parameters<typeof styleText>[0], text: string): string {
    return styleText(style, text, { stream: process.stdout });
  }
}
