import type { Context } from '../support/context.ts';
import { WrongAnswerError } from '../support/errors.ts';
import type { InferenceServer, ModelConfig } from '../triton/inference-server.ts';
import { computeAnswerLimit } from './answer-limit.ts';
import { summarizeLatency, type LatencySummary } from './latency.ts';
import { checkRandom, type RequestResult } from './random-check.ts';
import { checkReference, loadReference, type ReferenceResult } from './reference-check.ts';
import { adaptToModel } from './model-kind.ts';
import { describeServedModel, type DescribeOptions } from './describe-served-model.ts';
import { type Change, listChanges, type Provenance, readProvenance } from './provenance.ts';
import {
  formatLatency,
  formatProvenance,
  formatReferenceResult,
  createRequestTable,
  formatStatistics,
} from './report.ts';
import type { ServedImage } from './served-image.ts';
import { readStatistics, type ServerStatistics } from './statistics.ts';
import { loadStoredInputs } from '../workload/stored-inputs.ts';
import type { LoadedWorkload } from '../workload/load-workload.ts';

/** Results of a test so far; filled in during the test, so that a failed test shows how far it got. */
export interface Findings {
  model: string;
  version?: string;
  server?: { name: string; version: string };
  /** SHA-256 of the model's configuration as the server reports it. */
  modelConfigDigest?: string;
  modelConfig?: ModelConfig;
  /** Image that the server runs from, where it is known. */
  image?: ServedImage;
  /** Origin of the reference, when `test --record` made it, with the changes since. */
  recorded?: Provenance & { changes: readonly Change[] };
  reference: ReferenceResult[];
  requests: RequestResult[];
  latency?: LatencySummary;
  statistics?: ServerStatistics;
  timings: { readyMs?: number; referenceMs?: number; randomMs?: number; totalMs?: number };
}

/**
 * Tests a served model: waits for it, compares its answers with the reference, sends random requests and
 * checks the server's count of them.
 *
 * @throws {NotReadyError} when the model is not ready in time.
 * @throws {UsageError} when the workload or its reference does not fit the model.
 * @throws {WrongAnswerError} when an answer, or the number of answers, is wrong.
 * @throws {InferenceServerError} when the server refuses a request or disappears.
 */
export async function testModel(
  server: InferenceServer,
  loaded: LoadedWorkload,
  findings: Findings,
  context: Pick<Context, 'clock' | 'signal' | 'output'>,
  options: DescribeOptions & { readonly image: ServedImage | undefined },
): Promise<void> {
  const { clock, signal } = context;
  const { print, image } = options;
  const { workload } = loaded;
  const { model, version } = workload;
  const printAll = (lines: readonly string[]) => {
    lines.forEach(print);
  };
  const now = () => performance.now();
  const start = now();
  const { timings } = findings;

  const cases = await loadReference(loaded);
  const provenance = await readProvenance(loaded);
  const stored = await loadStoredInputs(loaded);
  if (image !== undefined) {
    findings.image = image;
  }
  const served = await describeServedModel(server, { workload, stored }, context, {
    ...options,
    onDescribed: ({ readyMs, ...described }) => {
      timings.readyMs = readyMs;
      Object.assign(findings, described);
    },
  });

  if (provenance !== undefined) {
    const changes = listChanges(provenance, { ...served, image });
    findings.recorded = { ...provenance, changes };
    printAll(formatProvenance(provenance, changes));
  }

  await server.limitAnswers(computeAnswerLimit(workload, cases, stored));
  const adapted = adaptToModel(server, served.modelConfig);
  const before = await server.modelStatistics(model, version);
  const referenceStart = now();
  const versions = await checkReference(adapted, workload, cases, (result) => {
    findings.reference.push(result);
    print(formatReferenceResult(result, workload));
  });
  timings.referenceMs = now() - referenceStart;

  if (workload.random !== undefined) {
    const randomStart = now();
    const table = createRequestTable(workload);
    print(table.heading);
    const answered = await checkRandom(adapted, { workload, stored }, (result) => {
      findings.requests.push(result);
      print(table.line(result));
    });
    versions.push(...answered);
    timings.randomMs = now() - randomStart;
  }

  findings.version = getOnlyVersion(versions);
  findings.statistics = await readStatistics(server, {
    model,
    version: findings.version,
    before,
    sent: versions.length,
    clock,
    signal,
  });
  printAll(formatStatistics(model, findings.statistics));
  const latency = summarizeLatency(findings.requests, workload.random?.concurrency ?? 1);
  if (latency !== undefined) {
    findings.latency = latency;
    printAll(formatLatency(latency));
  }
  timings.totalMs = now() - start;
}

function getOnlyVersion(versions: readonly string[]): string {
  const different = [...new Set(versions)];
  if (different.length > 1) {
    throw new WrongAnswerError(
      `the answers came from different versions of the model: ${different.join(', ')}`,
      { fix: 'the model may have been reloaded during the test: name its version in the workload' },
    );
  }
  return different[0] ?? '';
}
