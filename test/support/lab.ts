import { beforeAll, describe } from '@jest/globals';
import { runInNode } from '../../src/lab/exec.ts';
import { testLab, unavailable } from './test-lab.ts';

export interface LabResult {
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

export interface LabExecOptions {
  /** User; default: alice. */
  user?: 'alice' | 'bob' | 'root';
  /** Working directory; default: the user's home. */
  cwd?: string;
  env?: Readonly<Record<string, string>>;
  input?: string | Uint8Array;
  timeoutMs?: number;
}

/** Runs a command in a node of the lab, with any exit code; `exitCode` is undefined after a signal. */
export async function labExec(
  node: string,
  argv: readonly string[],
  options: LabExecOptions = {},
): Promise<LabResult> {
  const { exitCode, stdout, stderr } = await runInNode(await testLab(), node, argv, {
    timeoutMs: 60_000,
    ...options,
  });
  return { exitCode, stdout, stderr };
}

/**
 * Defines a group of tests that need the lab. Where it cannot run, they are skipped with the reason in their name; with
 * CI=true they fail instead.
 */
export function describeInLab(name: string, tests: () => void): void {
  const reason = unavailable() ?? 'the global set-up of the e2e tests did not run';
  if (reason === '') {
    describe(name, tests);
  } else if (process.env.CI === 'true') {
    describe(name, () => {
      beforeAll(() => {
        throw new Error(`with CI=true no end-to-end test may be skipped: ${reason}`);
      });
      tests();
    });
  } else {
    // A machine without namespaces, or without the lab's packages, runs the other tests; this never happens in CI.
    describe.skip(`${name} (skipped: ${reason})`, tests);
  }
}
