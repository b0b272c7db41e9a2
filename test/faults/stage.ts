import { runInNode } from '../../src/lab/exec.ts';
import { projectDirectory, quickModels, shell } from '../support/gat-project.ts';
import type { LabResult } from '../support/lab.ts';
import { testLab } from '../support/test-lab.ts';
import type { Provoked, StampedLine } from './fault.ts';

const longestMs = 240_000;

/** A command that a user waits for, with the time of each line on the terminal. */
export interface Terminal {
  readonly lines: readonly StampedLine[];
  readonly exitCode: Promise<number | undefined>;
}

/** What is on a terminal so far. */
export function textOf({ lines }: Pick<Terminal, 'lines'>): string {
  return lines.map(({ text }) => text).join('\n');
}

interface Where {
  readonly node?: string;
  readonly cwd?: string;
  readonly user?: 'alice' | 'bob';
}

/** Where one fault is provoked: a compute node of its own, and a run of its own in the project of all. */
export class Stage {
  readonly node: string;
  readonly run: string;
  /** How a person cleans up, and where. */
  cleanup: { args: readonly string[]; node: string; cwd: string };
  readonly #afterwards: (() => Promise<void>)[] = [];

  constructor(node: string, run: string) {
    this.node = node;
    this.run = run;
    this.cleanup = { args: ['cleanup', run], node: 'login', cwd: projectDirectory };
  }

  /** Has something done when everything was looked at, the last first. */
  afterwards(action: () => Promise<void>): void {
    this.#afterwards.unshift(action);
  }

  async clear(): Promise<void> {
    for (const action of this.#afterwards) {
      await action();
    }
  }

  /** `hpc-gat submit --wait` on the login node, of a job for this stage's node; with the quick test unless told. */
  submit({ models = quickModels, run = this.run, options = [] as readonly string[] } = {}): Terminal {
    return this.type(['submit', '--wait', '--id', run, '--models', models, ...this.onNode, ...options]);
  }

  /** `hpc-gat submit --serve --wait`, until the model is ready. */
  async serve(): Promise<void> {
    const serving = this.submit({ options: ['--serve', '--time', '10'] });
    if ((await serving.exitCode) !== 0) {
      throw new Error(textOf(serving));
    }
  }

  /** Options of `submit` that take the job to this stage's node. */
  get onNode(): string[] {
    return ['--sbatch', `nodelist=${this.node}`];
  }

  /** Calls hpc-gat; as alice on the login node unless told. */
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

  /** Waits for a command whose fault happened at `atMs`. */
  async outcome({ lines, exitCode }: Terminal, atMs: number): Promise<Provoked> {
    return { exitCode: await exitCode, atMs, lines };
  }

  /** A line of bash in the project, on this stage's node. */
  onItsNode(line: string, options: Parameters<typeof shell>[1] = {}): Promise<LabResult> {
    return shell(line, { node: this.node, ...options });
  }

  /** Waits until a file of the run is there and has this text. */
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

  /** Waits until tritonserver was started; its models load now. */
  untilStarted(run = this.run): Promise<void> {
    return this.until('events.jsonl', 'server-started', run);
  }

  async read(file: string): Promise<string> {
    return (await shell(`cat .hpc-gat/runs/${this.run}/${file}`)).stdout;
  }

  /** SIGKILL to the script of the run; gives the time. */
  async killScript(): Promise<number> {
    await this.onItsNode(`kill -KILL "$(cut -d ' ' -f 1 .hpc-gat/runs/${this.run}/owned/*/script)"`);
    return Date.now();
  }

  /** SIGKILL to the tritonserver of this node; gives the time. */
  async killServer(): Promise<number> {
    await this.onItsNode('until pkill --signal KILL --uid alice --exact tritonserver; do sleep 0.05; done');
    return Date.now();
  }

  /** The quick models with a server that stays busy: for so many seconds while it loads, and with each request. */
  slowModels({ load = 0, answer = 0, requests = 3 }): Promise<string> {
    return this.changedModels(
      `sed -i 's/^LOAD = 0/LOAD = ${load}/; s/^ANSWER = 0/ANSWER = ${answer}/' 1/model.py &&
        sed -i 's/requests: 3/requests: ${requests}/' workload.yaml`,
    );
  }

  /** A copy of a model repository, changed by a line of bash that runs in the model's directory. */
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
