import path from 'node:path';
import type { Context } from '../support/context.ts';
import { ExitCode, HpcGatError } from '../support/errors.ts';
import { writeFileAtomically } from '../support/files/file-access.ts';
import { readImageRecord } from './served-image.ts';
import { testModel, type Findings } from './test-model.ts';
import { withServer, type ServerConnection } from './with-server.ts';
import { loadWorkload, type LoadedWorkload } from '../workload/load-workload.ts';

export interface TestVerbOptions extends ServerConnection {
  /** One for each model. */
  workloads: readonly string[];
  inferTimeoutMs: number;
  /** Path of the result in JSON, which is written whether the test passes or not. */
  result?: string | undefined;
  /** Manifest of the image that the server runs from; undefined when it is unknown. */
  imageRecord?: string | undefined;
  json: boolean;
}

const SCHEMA_VERSION = 1;

/**
 * Runs the verb `test`: prints the results, and ends with `PASS: infer` or `FAIL: <reason>`.
 *
 * @throws the error of the test, after the result was written
 */
export async function runTest(options: TestVerbOptions, context: Context): Promise<number> {
  const { output, cwd, signal, clock } = context;
  const print = (line: string) => {
    if (!options.json) {
      output.result(line);
    }
  };
  const startedAt = clock.now().toISOString();
  const tested: Findings[] = [];
  let failure: Error | undefined;
  try {
    await testAgainst(options, context, tested, print);
  } catch (error) {
    failure = toError(signal.aborted ? signal.reason : error);
  }
  const verdict = createVerdict(failure);
  const [first = createFindings(), ...others] = tested;
  const document = {
    schemaVersion: SCHEMA_VERSION,
    ...verdict,
    url: options.url,
    startedAt,
    ...first,
    ...(options.workloads.length > 1 && { others }),
  };
  if (options.result !== undefined) {
    await writeFileAtomically(path.resolve(cwd, options.result), `${JSON.stringify(document, null, 2)}\n`);
  }
  if (options.json) {
    output.json(document);
  }
  print(verdict.status === 'pass' ? 'PASS: infer' : `FAIL: ${verdict.reason}`);
  if (failure !== undefined) {
    throw failure;
  }
  return ExitCode.ok;
}

async function testAgainst(
  options: TestVerbOptions,
  context: Context,
  tested: Findings[],
  print: (line: string) => void,
): Promise<void> {
  const { workloads, readyTimeoutMs, imageRecord } = options;
  const loaded: LoadedWorkload[] = [];
  for (const file of workloads) {
    loaded.push(await loadWorkload(path.resolve(context.cwd, file)));
  }
  const image =
    imageRecord === undefined ? undefined : await readImageRecord(path.resolve(context.cwd, imageRecord));
  await withServer(options, context, async (server) => {
    for (const one of loaded) {
      const findings = createFindings(one.workload.model);
      tested.push(findings);
      await testModel(server, one, findings, context, { readyTimeoutMs, print, image });
    }
  });
}

function createFindings(model = ''): Findings {
  return { model, reference: [], requests: [], timings: {} };
}

function createVerdict(failure: Error | undefined): {
  status: 'pass' | 'fail';
  exitCode: number;
  reason: string;
} {
  if (failure === undefined) {
    return { status: 'pass', exitCode: ExitCode.ok, reason: '' };
  }
  const exitCode = failure instanceof HpcGatError ? failure.exitCode : ExitCode.bug;
  return { status: 'fail', exitCode, reason: failure.message.replaceAll(/\s*\n\s*/g, ' ') };
}

function toError(thrown: unknown): Error {
  return thrown instanceof Error ? thrown : new Error(String(thrown));
}
