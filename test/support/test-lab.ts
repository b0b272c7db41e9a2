import { rm } from 'node:fs/promises';
import path from 'node:path';
import { runInNode } from '../../src/lab/exec.ts';
import { labDown } from '../../src/lab/down.ts';
import { openLab, type Lab } from '../../src/lab/open-lab.ts';
import { parseBind } from '../../src/lab/lab-binds.ts';
import { checkRequirements } from '../../src/lab/requirements.ts';
import { labUp } from '../../src/lab/up.ts';
import { HpcGatError, MissingToolError, UsageError } from '../../src/support/errors.ts';
import { testContext } from './context.ts';

/** Variable set by the global set-up: the reason why the lab cannot be used; empty if it can. */
const REASON = 'HPC_GAT_E2E_UNAVAILABLE';

/** Variable set by the global set-up: the id of this call of jest. */
export const callOfJest = 'HPC_GAT_E2E_CALL';

/** Name of the end-to-end lab, which differs from labs of users and can differ between parallel runs. */
export const testLabName = process.env.HPC_GAT_E2E_LAB ?? 'e2e';

/** Opens the lab of the tests; only the set-up prints to stderr. */
export function testLab(name = testLabName, info: (line: string) => void = () => undefined): Promise<Lab> {
  const silent = testContext({ env: process.env, cwd: process.cwd() });
  return openLab({ ...silent, output: { ...silent.output, info, warn: info } }, name);
}

/** Returns the reason why the lab cannot be used, empty if it can; undefined if the global set-up did not run. */
export function unavailable(): string | undefined {
  return process.env[REASON];
}

/**
 * Brings up a new lab for jest's globalSetup, or records the reason why that is impossible. Docker's images are kept
 * from the last run.
 */
export async function bringUpTestLab(
  name: string,
  makeBinds: () => Promise<string[]> = () => Promise.resolve([]),
): Promise<void> {
  const lab = await testLab(name, (line) => process.stderr.write(`${line}\n`));
  process.env[callOfJest] = `${process.pid} ${Date.now()}`;
  try {
    await checkRequirements(lab.context);
    const binds = await makeBinds();
    if (process.env.HPC_GAT_E2E_KEEP !== '1') {
      await labDown(lab, { wipe: false });
      for (const directory of ['home', 'scratch', 'database', 'controller', 'nodes']) {
        await rm(path.join(lab.directory, directory), { recursive: true, force: true });
      }
    }
    await labUp(lab, { binds: binds.map((bind) => parseBind(bind, lab.context.cwd)), modes: {} });
    recordReason(await findMissingTool(lab));
  } catch (error) {
    if (!(error instanceof HpcGatError)) {
      throw error;
    }
    recordReason(error.fix === undefined ? error.message : `${error.message}; fix: ${error.fix}`);
  }
}

function recordReason(reason: string): void {
  process.env[REASON] = reason;
  if (reason !== '') {
    process.stderr.write(`end-to-end tests cannot run: ${reason}\n`);
  }
}

/** Takes the lab down for jest's globalTeardown. HPC_GAT_E2E_KEEP=1 leaves it up for the next run. */
export async function takeDownTestLab(name: string): Promise<void> {
  if (process.env.HPC_GAT_E2E_KEEP !== '1') {
    try {
      await labDown(await testLab(name), { wipe: false });
    } catch (error) {
      // The lab is not up where it cannot run, which the set-up has reported.
      if (!(error instanceof UsageError || error instanceof MissingToolError)) {
        throw error;
      }
    }
  }
}

async function findMissingTool(lab: Lab): Promise<string> {
  for (const tool of ['apptainer', 'sbatch', 'docker']) {
    const { exitCode } = await runInNode(lab, 'login', [tool, '--version'], { timeoutMs: 10_000 });
    if (exitCode !== 0) {
      return `${tool} cannot be run in the lab`;
    }
  }
  return '';
}
