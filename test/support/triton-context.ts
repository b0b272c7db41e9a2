import path from 'node:path';
import { expectSuccess, runCommand } from '../../src/support/command.ts';
import { packageRoot } from '../../src/support/package-root.ts';

/** Cold, with Debian and the wheel to be fetched, it took 121 s; warm it is a look at a stamp. */
const timeoutMs = 10 * 60_000;

/** The directory from which `docker build` makes the image of defs/triton-cpu; made once, then kept in the cache. */
export async function buildTritonContext(): Promise<string> {
  const script = path.join(packageRoot, 'defs', 'triton-cpu', 'build-context.sh');
  const result = await runCommand(script, [], { env: process.env, timeoutMs });
  return expectSuccess(result, 'defs/triton-cpu/build-context.sh').stdout.trim();
}
