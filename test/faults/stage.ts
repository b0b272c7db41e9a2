import { runInNode } from '../../src/lab/exec.ts';
import { projectDirectory, quickModels, shell } from '../support/gat-project.ts';
import type { LabResult } from '../support/lab.ts';
import { testLab } from '../support/test-lab.ts';
import type { FaultOutcome, StampedLine } from './fault.ts';

const longestMs = 240_000;

/** A running command with the time of each line on the terminal. */
export interface Terminal {
  readonly lines: readonly StampedLine[];
  readonly exitCode: Promise<number | undefined>;
}

/** Returns the lines on the terminal so far. */
export function textOf({ lines }: Pick<Terminal, 'lines'>): string {
  return lines.map(({ text }) => text).join('\n');
}

interface Where {
  readonly node?: string;
  readonly cwd?: string;
  readonly user?: 'alice' | 'bob';
}

/** Environment of one fault: its own compute node, and its own run in the common project. */
export class Stage {
  readonly node: string;
  readonly run: string;
  /** Arguments of `hpc-gat cleanup`, and the node where it runs. */
  cleanup: { args: readonly string[]; node: string; cwd: string };
  readonly #afterwards: (() => Promise<void>)[] = [];

  constructor(node: string, run: string) {
    this.node = node;
    this.run = run;
    this.cleanup = { args: ['cleanup', run], node: 'login', cwd: projectDirectory };
  }

  /** Registers a cleanup that runs after all checks, in reverse order. */
  afterwards(action: () => Promise<void>): void {
    this.#afterwards.unshift(action);
  }

  async clear(): Promise<void> {
    for (const action of this.#afterwards) {
      await action();
    }
  }

  /**
   * Starts `hpc-gat submit --wait` on the login node for a job on this stage's node, with the quick test by default.
   */
  submit({ models = quickModels, run = this.run, options = [] as readonly string[] } = {}): Terminal {
    return this.type(['submit', '--wait', '--id', run, '--models', models, ...this.onNode, ...options]);
  }

  /** Starts `hpc-gat submit --serve --wait`, and waits until the model is ready. */
  async serve(): Promise<void> {
    const serving = this.submit({ options: ['--serve', '--time', '10'] });
    if ((await serving.exitCode) !== 0) {
      throw new Error(textOf(serving));
    }
  }

  /** Options of `submit` that direct the job to this stage's node. */
  get onNode(): string[] {
    return ['--sbatch', `nodelist=${this.node}`];
  }

  /** Calls hpc-gat, by default as alice on the login node. */
  type(args: readonly string[], where: Where = {}): Terminal {
    return this.execute(['hpc-gat', ...args], where);
  }

  execute(
    argv: readonly string[],
    { node = 'login', cwd = projectDirectory, user = 'alice' }: Where = {},
  ): Terminal {
    const lines: StampedLine[] = [];
    const onLine = (text: string) => lines.push({ atMs: Date.now(), text });
    const running = testLab().then((lab) =>
      runInNode(lab, node, argv, {
        cwd,
        user,
        timeoutMs: longestMs,
        onStdoutLine: onLine,
        onStderrLine: onLine,
      }),
    );
    return { lines, exitCode: running.then(({ exitCode }) => exitCode) };
  }

  /** Waits for the end of a command whose fault happened at `atMs`. */
  async outcome({ lines, exitCode }: Terminal, atMs: number): Promise<FaultOutcome> {
    return { exitCode: await exitCode, atMs, lines };
  }

  /** Runs a line of bash in the project, on this stage's node. */
  onNodeShell(line: string, options: Parameters<typeof shell>[1] = {}): Promise<LabResult> {
    return shell(line, { node: this.node, ...options });
  }

  /** Waits until a file of the run contains this text. */
  async until(file: string, text = '', run = this.run): Promise<void> {
    const path = `.hpc-gat/runs/${run}/${file}`;
    const { exitCode, stderr } = await shell(
      `until grep -qs -- "$TEXT" ${path}; do sleep 0.1; done; date +%s`,
      { env: { TEXT: text }, timeoutMs: 120_000 },
    );
    if (exitCode !== 0) {
      throw new Error(`${path} never had "${text}": ${stderr}`);
    }
  }

  /** Waits until tritonserver has started and loads its models. */
  untilStarted(run = this.run): Promise<void> {
    return this.until('events.jsonl', 'server-started', run);
  }

  async read(file: string): Promise<string> {
    return (await shell(`cat .hpc-gat/runs/${this.run}/${file}`)).stdout;
  }

  /** Sends SIGKILL to the script of the run, and returns the time. */
  async killScript(): Promise<number> {
    await this.onNodeShell(`kill -KILL "$(cut -d ' ' -f 1 .hpc-gat/runs/${this.run}/owned/*/script)"`);
    return Date.now();
  }

  /** Sends SIGKILL to the tritonserver of this node, and returns the time. */
  async killServer(): Promise<number> {
    await this.onNodeShell('until pkill --signal KILL --uid alice --exact tritonserver; do sleep 0.05; done');
    return Date.now();
  }

  /**
   * Creates the quick models with a server that is busy for that many seconds during loading, and with each request.
   */
  slowModels({ load = 0, answer = 0, requests = 3 }): Promise<string> {
    return this.changedModels(
      `sed -i 's/^LOAD = 0/LOAD = ${load}/; s/^ANSWER = 0/ANSWER = ${answer}/' 1/model.py &&
        sed -i 's/requests: 3/requests: ${requests}/' workload.yaml`,
    );
  }

  /** Copies a model repository, and changes it by a line of bash that runs in the model's directory. */
  async changedModels(change: string, models = quickModels): Promise<string> {
    const directory = `changed-${this.run}`;
    const { exitCode, stderr } = await shell(
      `rm -rf ${directory} && cp -r ${models} ${directory} && cd ${directory}/gat_test && ${change}`,
    );
    if (exitCode !== 0) {
      throw new Error(stderr);
    }
    return directory;
  }
}
