import { spawn, type ChildProcess } from 'node:child_process';
import { constants } from 'node:os';
import { styleText } from 'node:util';

export interface Command {
  /** The command as a person would type it, with the prompt before it. */
  readonly typed: string;
  readonly file: string;
  readonly args: readonly string[];
  /** Give back what it writes to standard output instead of showing it. */
  readonly capture?: boolean;
}

interface Ended {
  readonly exitCode: number;
  readonly output: string;
}

/** Ends the demo with an exit code; what had to be said has been said. */
export class Stop extends Error {
  readonly exitCode: number;

  constructor(message: string, exitCode: number) {
    super(message);
    this.exitCode = exitCode;
  }
}

/** How long a step may take to end in order: `submit --wait` waits for its job to be cancelled. */
const graceMs = 60_000;

/** Shows commands one after another, with their output and time; a signal ends the one that runs and all that follow. */
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
    // Nobody reads any more, `npm run demo | head`: the rest is done all the same.
    process.stdout.on('error', () => undefined);
  }

  /** The exit code that the signal asks for; undefined without one. */
  get interruption(): number | undefined {
    return this.#signal === undefined ? undefined : 128 + constants.signals[this.#signal];
  }

  say(line: string): void {
    process.stdout.write(`${line}\n`);
  }

  /**
   * Shows a step and waits for its end.
   *
   * @throws {Stop} when it failed, or a signal has come
   * @returns its standard output with `capture`, else nothing
   */
  async step(title: string, command: Command): Promise<string> {
    this.#throwIfInterrupted();
    const { exitCode, output } = await this.#perform(title, command);
    this.#throwIfUnusable(command, exitCode);
    return output;
  }

  /** Standard output of a command that is no step of its own. */
  async ask(command: Command): Promise<string> {
    this.#throwIfInterrupted();
    const { exitCode, output } = await this.#run({ ...command, capture: true });
    this.#throwIfUnusable(command, exitCode);
    return output;
  }

  /** From the first such step on a signal ends nothing any more: cleaning up is done to its end. */
  async finalStep(title: string, command: Command): Promise<number> {
    this.#cleaning = true;
    return (await this.#perform(title, command)).exitCode;
  }

  /** A line for each step with its time. */
  table(): string[] {
    const width = Math.max(...this.#times.map(([, seconds]) => seconds.length));
    return this.#times.map(([title, seconds]) => `  ${seconds.padStart(width)} s  ${title}`);
  }

  async #perform(title: string, command: Command): Promise<Ended> {
    this.say(`\n${this.#style('bold', `== ${title}`)}`);
    this.say(this.#style('cyan', command.typed));
    const started = performance.now();
    const ended = await this.#run(command);
    const seconds = ((performance.now() - started) / 1000).toFixed(1);
    this.#times.push([title, seconds]);
    this.say(this.#style('dim', `-- ${seconds} s`));
    return ended;
  }

  #run({ file, args, capture = false }: Command): Promise<Ended> {
    return new Promise((resolve, reject) => {
      // In a session of its own: Ctrl-C reaches this process alone, which hands it on once.
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
    // npm and a terminal may both hand the same Ctrl-C on, and impatient people press it twice.
    if (this.#signal !== undefined) {
      return;
    }
    this.#signal = signal;
    this.say(`\n${signal}: ${this.#cleaning ? 'cleaning up goes on' : 'ending this step, then the lab'}`);
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
