import { execa } from 'execa';
import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Settings } from '../../src/config/schema.ts';
import type { RunPlan } from '../../src/run/plan/run-plan.ts';
import type { RunRequest } from '../../src/run/plan/plan-run.ts';
import { renderScript } from '../../src/run/plan/script.ts';
import { samplePlan } from '../run/plan/sample-plan.ts';
import { fakeProgram } from './fake-program.ts';
import { temporaryDirectory } from './temporary-directory.ts';

/** Lines of bash in place of each program; a fake without lines succeeds silently. */
export interface FakePrograms {
  /** `apptainer instance start`. */
  readonly start?: string;
  /** `apptainer exec instance://...`, instead of running the program on this host; `$@` is the program. */
  readonly exec?: string;
  readonly tritonserver?: string;
  readonly client?: string;
  /** Additional programs on the PATH. */
  readonly others?: Readonly<Record<string, string>>;
  /** Changes the text of the script, for example to shorten a time limit. */
  readonly edit?: (script: string) => string;
}

/**
 * A script of a run, executed by bash with fake programs: everything is real except Apptainer, Triton and the client.
 */
export class ScriptRun {
  readonly root: string;
  readonly plan: RunPlan;
  readonly #env: Record<string, string>;

  private constructor(root: string, plan: RunPlan, env: Record<string, string>) {
    this.root = root;
    this.plan = plan;
    this.#env = env;
  }

  static async create(
    settings: Settings,
    request: Partial<RunRequest> = {},
    fakes: FakePrograms = {},
  ): Promise<ScriptRun> {
    const root = temporaryDirectory();
    const directory = path.join(root, 'bin');
    const temp = path.join(root, 'temp');
    await Promise.all([directory, temp].map((name) => mkdir(name)));
    const calls = path.join(root, 'calls');
    // As with the real program, an exec is one process with its program; the container's /tmp is the run's directory.
    fakeProgram(
      directory,
      'apptainer',
      `exec bash -c '${`
        printf "%s\\n" "apptainer $*" >>"${calls}"
        case "$1 $2" in
          --version*) echo "apptainer version 1.4.0" ;;
          "instance start") ${fakes.start ?? ':'} ;;
          "instance stop") : ;;
          exec*)
            while [[ $1 != instance://* ]]; do shift; done
            shift
            temp=$(echo ${temp}/hpc-gat-*)
            set -- "\${@/#\\/tmp\\//$temp/}"
            set -- "\${@/#\\/models\\//${root}/models/}"
            ${fakes.exec ?? ':'}
            exec "$@" ;;
        esac`.replaceAll("'", `'\\''`)}' apptainer "$@"`,
    );
    fakeProgram(directory, 'tritonserver', fakes.tritonserver ?? 'exec sleep 60');
    fakeProgram(
      directory,
      'client',
      `printf '%s\\n' "client $*" >>"${calls}"
      case $1 in
        --version) echo 1.2.3; exit ;;
        credentials) mkdir -p "$2"; cd "$2" && touch ca.pem server.pem server-key.pem client.pem client-key.pem; exit ;;
      esac
      ${fakes.client ?? ''}`,
    );
    for (const [name, script] of Object.entries(fakes.others ?? {})) {
      fakeProgram(directory, name, script);
    }
    const plan = samplePlan(
      { node: { temp: [temp], tempFreeMiB: 0 }, triton: { stopSeconds: 2, ...settings.triton }, ...settings },
      { kind: 'local', hostClient: [path.join(directory, 'client')], ...request },
      root,
    );
    await mkdir(plan.runDirectory, { recursive: true });
    await mkdir(path.join(plan.repository, 'gat_test'), { recursive: true });
    const script = await renderScript(plan);
    await writeFile(path.join(plan.runDirectory, 'batch.sh'), fakes.edit?.(script) ?? script, {
      mode: 0o700,
    });
    return new ScriptRun(root, plan, { PATH: `${directory}:/usr/bin:/bin`, HOME: root });
  }

  /** Executes the script; its output goes to batch.log beside it, as with Slurm. */
  start(env: Readonly<Record<string, string>> = {}) {
    const line = 'exec bash "$1" >"$2" 2>&1 </dev/null';
    const running = execa('bash', ['-c', line, 'run', this.#file('batch.sh'), path.join(this.root, 'log')], {
      cwd: this.root,
      env: { ...this.#env, ...env },
      extendEnv: false,
      reject: false,
      timeout: 30_000,
    });
    return {
      kill: (signal: NodeJS.Signals) => running.kill(signal),
      ended: running.then(({ exitCode }) => exitCode),
    };
  }

  /** Removes the container runtime from the PATH. */
  hideRuntime(): Promise<void> {
    return rm(path.join(this.root, 'bin', 'apptainer'));
  }

  /** Executes the script and waits for its end. */
  async run(env: Readonly<Record<string, string>> = {}) {
    const exitCode = await this.start(env).ended;
    return { exitCode, reason: this.endedReason(), log: await this.log() };
  }

  log(): Promise<string> {
    return readFile(path.join(this.root, 'log'), 'utf8');
  }

  /** Returns the command lines of the container runtime and of the client. */
  async calls(): Promise<string[]> {
    return (await readFile(path.join(this.root, 'calls'), 'utf8')).trimEnd().split('\n');
  }

  async untilLog(text: string): Promise<void> {
    for (
      let tries = 0;
      !(existsSync(path.join(this.root, 'log')) && (await this.log()).includes(text));
      tries++
    ) {
      if (tries > 200) {
        throw new Error(`the script never printed "${text}": ${await this.log()}`);
      }
      await sleep(50);
    }
  }

  endedReason(): string | undefined {
    const file = this.#file('ended.json');
    return existsSync(file)
      ? (JSON.parse(readFileSync(file, 'utf8')) as { reason: string }).reason
      : undefined;
  }

  #file(name: string): string {
    return path.join(this.plan.runDirectory, name);
  }
}
