import { systemClock } from '../../src/support/clock.ts';
import { runCommand } from '../../src/support/command.ts';
import type { Context } from '../../src/support/context.ts';

export interface TestContext extends Context {
  /** What went to stdout: the lines and documents. */
  readonly results: unknown[];
  /** What went to stderr. */
  readonly messages: string[];
}

/** A context like that of a real process, whose output a test can read afterwards. */
export function testContext(overrides: Partial<Context> = {}): TestContext {
  const results: unknown[] = [];
  const messages: string[] = [];
  return {
    results,
    messages,
    env: { PATH: '/usr/sbin:/usr/bin:/sbin:/bin' },
    cwd: '/',
    run: runCommand,
    clock: systemClock,
    signal: new AbortController().signal,
    output: {
      result: (line) => void results.push(line),
      json: (value) => void results.push(value),
      info: (line) => void messages.push(line),
      warn: (line) => void messages.push(`warning: ${line}`),
      status: () => undefined,
      interactive: false,
    },
    ...overrides,
  };
}
