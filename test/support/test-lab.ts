import { rm } from 'node:fs/promises';
import path from 'node:path';
import { runInNode } from '../../src/lab/exec.ts';
import { labDown } from '../../src/lab/down.ts';
import { openLab, type Lab } from '../../src/lab/lab.ts';
import { parseBind } from '../../src/lab/binds.ts';
import { labUp } from '../../src/lab/up.ts';
import { systemClock } from '../../src/support/clock.ts';
import { runCommand } from '../../src/support/command.ts';
import type { Context } from '../../src/support/context.ts';
import { HpcGatError } from '../../src/support/errors.ts';
import { createOutput } from '../../src/support/output.ts';

/** Set by the global set-up for the tests: why the lab cannot be used; empty when it can. */
const REASON = 'HPC_GAT_E2E_UNAVAILABLE';

/** The lab of the end-to-end tests; a person's own lab is another one. */
export function testLab(name = 'e2e'): Promise<Lab> {
  const context: Context = {
    env: process.env,
    cwd: process.cwd(),
    output: createOutput(process),
    run: runCommand,
    clock: systemClock,
    signal: new AbortController().signal,
  };
  return openLab(context, name);
}

/** Why the lab cannot be used, empty when it can; undefined when the global set-up did not run. */
export function unavailable(): string | undefined {
  return process.env[REASON];
}

/** For jest's globalSetup: a fresh lab, or the reason why there is none. Docker's images stay from last time. */
export async function bringUpTestLab(name: string, binds: readonly string[] = []): Promise<void> {
  const lab = await testLab(name);
  try {
    if (process.env.HPC_GAT_E2E_KEEP !== '1') {
      await labDown(lab, { wipe: false });
      for (const folder of ['home', 'scratch', 'database', 'controller', 'nodes']) {
        await rm(path.join(lab.folder, folder), { recursive: true, force: true });
      }
    }
    await labUp(
      lab,
      binds.map((bind) => parseBind(bind, lab.context.cwd)),
    );
    process.env[REASON] = await whatIsMissing(lab);
  } catch (error) {
    if (!(error instanceof HpcGatError)) {
      throw error;
    }
    process.env[REASON] = error.fix === undefined ? error.message : `${error.message}; fix: ${error.fix}`;
  }
}

/** For jest's globalTeardown. HPC_GAT_E2E_KEEP=1 leaves the lab up for the next run. */
export async function takeDownTestLab(name: string): Promise<void> {
  if (process.env.HPC_GAT_E2E_KEEP !== '1' && process.getuid?.() === 0) {
    await labDown(await testLab(name), { wipe: false });
  }
}

async function whatIsMissing(lab: Lab): Promise<string> {
  for (const tool of ['apptainer', 'sbatch', 'docker']) {
    const { exitCode } = await runInNode(lab, 'login', [tool, '--version'], { timeoutMs: 10_000 });
    if (exitCode !== 0) {
      return `${tool} cannot be run in the lab`;
    }
  }
  return '';
}
