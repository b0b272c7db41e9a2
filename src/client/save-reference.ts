import { existsSync } from 'node:fs';
import path from 'node:path';
import { zipSync } from 'fflate';
import type { Context } from '../support/context.ts';
import { UsageError } from '../support/errors.ts';
import { writeFileAtomically } from '../support/files/file-access.ts';
import type { InferenceServer, Tensor } from '../triton/inference-server.ts';
import { computeAnswerLimit } from './answer-limit.ts';
import { infer, requireOneResponse } from './infer.ts';
import { adaptToModel } from './model-kind.ts';
import { describeServedModel, type DescribeOptions } from './describe-served-model.ts';
import { formatNpy, NpyError } from '../formats/npy/npy.ts';
import { toNpyArray } from '../workload/npy-tensor.ts';
import { type Provenance, provenanceMember } from './provenance.ts';
import { checkOutputs } from './random-check.ts';
import { generateRequests } from '../workload/random-inputs.ts';
import type { ServedImage } from './served-image.ts';
import { loadStoredInputs } from '../workload/stored-inputs.ts';
import type { LoadedWorkload } from '../workload/load-workload.ts';

/** Number of the workload's requests that are recorded: enough to distinguish models, few enough for git. */
const recordedRequests = 3;

export interface RecordOptions extends DescribeOptions {
  /** Absolute path of the reference; by default the workload's, else `reference.npz` beside it. */
  readonly file?: string | undefined;
  readonly force: boolean;
  /** Image that the server runs from; undefined when it is unknown. */
  readonly image: ServedImage | undefined;
}

export interface Recording {
  /** Absolute path of the archive. */
  readonly file: string;
  readonly cases: readonly string[];
  readonly provenance: Provenance;
}

/**
 * Stores the answers of a trusted server to the first random requests of a workload as a reference for later
 * tests: arrays `request-N.TENSOR`, and their origin. The file is replaced atomically.
 *
 * @throws {UsageError} when there are no random requests, or the file exists and may not be replaced.
 * @throws {WrongAnswerError} when an answer lacks an output, has another shape or is not finite.
 */
export async function saveReference(
  server: InferenceServer,
  loaded: LoadedWorkload,
  context: Pick<Context, 'clock' | 'signal' | 'output'>,
  options: RecordOptions,
): Promise<Recording> {
  const { workload } = loaded;
  const { random, model } = workload;
  const file =
    options.file ?? path.resolve(path.dirname(loaded.file), workload.reference?.file ?? 'reference.npz');
  if (random === undefined) {
    throw new UsageError(`${loaded.file} has no random requests whose answers could be recorded`, {
      fix: 'describe them under `random` (docs/reference/workload.md)',
    });
  }
  if (!options.force && existsSync(file)) {
    throw new UsageError(`${file} exists already`, {
      fix: 'name another file, or replace it with --force',
    });
  }
  const stored = await loadStoredInputs(loaded);
  const {
    server: kind,
    modelConfig,
    modelConfigDigest,
  } = await describeServedModel(server, { workload, stored }, context, options);
  await server.limitAnswers(computeAnswerLimit(workload, [], stored));
  const adapted = adaptToModel(server, modelConfig);
  const members: Record<string, Uint8Array> = {};
  const cases: string[] = [];
  let version = '';
  for (const { sizes, inputs } of generateRequests(workload, stored)) {
    const name = `request-${cases.length + 1}`;
    const answer = await infer(adapted, { workload, inputs, what: name });
    requireOneResponse(answer, name);
    checkOutputs(workload, sizes, answer, name);
    version = answer.version;
    for (const tensor of [...inputs, ...answer.outputs]) {
      members[`${name}.${tensor.name}.npy`] = encodeTensor(tensor);
    }
    cases.push(name);
    if (cases.length === recordedRequests) {
      break;
    }
  }
  const provenance: Provenance = {
    schemaVersion: 1,
    recordedAt: context.clock.now().toISOString(),
    model,
    version,
    server: kind,
    ...(options.image !== undefined && { image: options.image }),
    modelConfigDigest,
    seed: random.seed,
  };
  members[provenanceMember] = Buffer.from(`${JSON.stringify(provenance, null, 2)}\n`);
  await writeFileAtomically(file, zipSync(members));
  return { file, cases, provenance };
}

function encodeTensor(tensor: Tensor): Uint8Array {
  try {
    return formatNpy(toNpyArray(tensor));
  } catch (error) {
    throw error instanceof NpyError
      ? new UsageError(`cannot be recorded: ${error.message}`, {
          fix: 'make the reference by other means',
          cause: error,
        })
      : error;
  }
}
