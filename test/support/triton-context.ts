import path from 'node:path';
import { expectSuccess, runCommand } from '../../src/support/processes/command.ts';
import { packageRoot } from '../../src/support/package/package-root.ts';

/** With Debian and the wheel to fetch it took 121 s; later it only checks a stamp. */
const timeoutMs = 10 * 60_000;

/** Creates the build context of the image of defs/triton-cpu once, in the cache. */
export async function buildTritonContext(): Promise<string> {
  const script = path.join(packageRoot, 'defs', 'triton-cpu', 'build-context.sh');
  const result = await runCommand(script, [], { env: process.env, timeoutMs });
  return expectSuccess(result, 'defs/triton-cpu/build-context.sh').stdout.trim();
}
