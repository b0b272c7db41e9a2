import type { Clock } from '../support/context.ts';
import { HpcGatError, NotReadyError } from '../support/errors.ts';
import { InferenceServerError } from '../triton/server-errors.ts';
import type { IndexEntry, InferenceServer } from '../triton/inference-server.ts';

export interface WaitOptions {
  model: string;
  /** Version of the model; empty for any. */
  version: string;
  timeoutMs: number;
  clock: Clock;
  signal: AbortSignal;
  /** Called once with each state, as a line for people: behind a proxy, failures may alternate. */
  onState?: (state: string) => void;
}

const POLL_MS = 200;

type Probe = { ready: true } | { ready: false; state: string } | { failed: string; fix: string };

/**
 * Waits until the server is ready to answer for a model; a server that is ready may lack it.
 *
 * @returns the waiting time in milliseconds
 * @throws {HpcGatError} immediately when the server has finished loading and the model is missing or failed.
 * @throws {InferenceServerError} immediately when client and server do not trust each other.
 * @throws {NotReadyError} at the time limit, with the last state.
 */
export async function waitReady(server: InferenceServer, options: WaitOptions): Promise<number> {
  const { model, timeoutMs, clock, signal, onState } = options;
  const log = server.log === undefined ? {} : { log: server.log };
  const start = clock.now().getTime();
  const waitedMs = () => clock.now().getTime() - start;
  const states = new Set<string>();
  for (;;) {
    const probe = await probeModel(server, options);
    if ('failed' in probe) {
      throw new HpcGatError(`model ${model} is not served by ${server.url}: ${probe.failed}`, {
        fix: probe.fix,
        ...log,
      });
    }
    if (probe.ready) {
      return waitedMs();
    }
    if (!states.has(probe.state)) {
      states.add(probe.state);
      onState?.(probe.state);
    }
    if (waitedMs() + POLL_MS > timeoutMs) {
      throw new NotReadyError(
        `model ${model} at ${server.url} was not ready within ${timeoutMs / 1000} s; last state: ${probe.state}`,
        { fix: "allow more time, or see the server's log", ...log },
      );
    }
    await clock.sleep(POLL_MS, signal);
  }
}

async function probeModel(
  server: InferenceServer,
  { model, version, signal }: Pick<WaitOptions, 'model' | 'version' | 'signal'>,
): Promise<Probe> {
  try {
    if (await server.isModelReady(model, version)) {
      return { ready: true };
    }
    const index = await server.repositoryIndex();
    return classifyIndex(index, await server.isServerReady(), model, version);
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof InferenceServerError && error.failure !== 'untrusted') {
      return { ready: false, state: formatFailure(error) };
    }
    throw error;
  }
}

function formatFailure({ failure, detail }: InferenceServerError): string {
  switch (failure) {
    case 'unreachable':
    case 'untrusted':
    case 'deadline':
    case 'too-large':
      return detail;
    case 'unsupported':
      return 'the server reports only that the model is not ready';
    case 'refused':
      return `server loading (${detail})`;
  }
}

/** Classifies a model that is not ready by the repository's index. */
function classifyIndex(
  index: readonly IndexEntry[],
  serverReady: boolean,
  model: string,
  version: string,
): Probe {
  const entries = index.filter((entry) => entry.name === model);
  const matching =
    version === '' ? entries : entries.filter((entry) => entry.version === version || entry.version === '');
  if (matching.some(({ state }) => state !== 'UNAVAILABLE' && state !== '')) {
    return { ready: false, state: 'model loading' };
  }
  const unavailable = matching.filter(({ state }) => state === 'UNAVAILABLE');
  if (unavailable.length > 0) {
    const reasons = unavailable.map(
      (entry) => `version ${entry.version}: ${entry.reason.trim().replaceAll(/\s+/g, ' ')}`,
    );
    return { failed: reasons.join('; '), fix: "repair the model; see the server's log for details" };
  }
  if (matching.length > 0) {
    return { failed: 'it is in the repository, but the server did not load it', fix: notLoadedFix(model) };
  }
  const loading = index.some(({ state }) => state === 'LOADING' || state === 'UNLOADING');
  if (!serverReady && (loading || index.length === 0)) {
    return { ready: false, state: 'server loading' };
  }
  return { failed: explainMissing(index, entries, version), fix: notLoadedFix(model) };
}

/** Returns a fix for a model that was not loaded; Triton writes the reason only to its log. */
function notLoadedFix(model: string): string {
  return (
    `the directory ${model} must contain a valid config.pbtxt with name: "${model}", and a server ` +
    `with --model-control-mode=explicit needs --load-model=${model}; see the server's log for the reason`
  );
}

function explainMissing(
  index: readonly IndexEntry[],
  otherVersions: readonly IndexEntry[],
  version: string,
): string {
  if (otherVersions.length > 0) {
    return `it has no version ${version}, only ${otherVersions.map((entry) => entry.version).join(', ')}`;
  }
  const names = [...new Set(index.map(({ name }) => name))];
  return names.length === 0
    ? 'its repository is empty'
    : `its repository has no such model, only ${names.join(', ')}`;
}
