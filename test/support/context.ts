import { systemClock } from '../../src/support/clock.ts';
import { runCommand } from '../../src/support/processes/command.ts';
import type { Context } from '../../src/support/context.ts';

export interface TestContext extends Context {
  /** Lines and documents on stdout. */
  readonly results: unknown[];
  /** Output on stderr. */
  readonly messages: string[];
}

/** Creates a context like that of a real process, with captured output. */
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
      results: (lines) => {
        results.push(...lines);
        return Promise.resolve();
      },
      json: (value) => void results.push(value),
      info: (line) => void messages.push(line),
      warn: (line) => void messages.push(`warning: ${line}`),
      status: () => undefined,
      interactive: false,
    },
    ...overrides,
  };
}
