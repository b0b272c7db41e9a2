import type { ModelDirectory, Version } from './repository.ts';
import { listEntries, listMessages, getNumber, listNumbers, getText } from './config/access.ts';

export interface Backend {
  /** Value of `backend`, and name of the backend's directory in the image. */
  readonly name: string;
  /** Values of `platform` that select the backend. */
  readonly platforms: readonly string[];
  /**
   * Name of the model's file in a version unless default_model_filename is set; undefined when the backend
   * decides.
   */
  readonly modelFile?: string;
}

/** Backends of Triton. Source: the READMEs of Triton's backends, and its model configuration documentation. */
export const backends: readonly Backend[] = [
  { name: 'pytorch', platforms: ['pytorch_libtorch'], modelFile: 'model.pt' },
  { name: 'onnxruntime', platforms: ['onnxruntime_onnx'], modelFile: 'model.onnx' },
  { name: 'tensorrt', platforms: ['tensorrt_plan'], modelFile: 'model.plan' },
  { name: 'python', platforms: [], modelFile: 'model.py' },
  { name: 'openvino', platforms: [], modelFile: 'model.xml' },
  { name: 'tensorflow', platforms: ['tensorflow_graphdef'], modelFile: 'model.graphdef' },
  { name: 'tensorflow', platforms: ['tensorflow_savedmodel'], modelFile: 'model.savedmodel' },
  { name: 'dali', platforms: [] },
  { name: 'fil', platforms: [] },
  { name: 'identity', platforms: [] },
  { name: 'repeat', platforms: [] },
  { name: 'square', platforms: [] },
  { name: 'tensorrtllm', platforms: [] },
  { name: 'vllm', platforms: [] },
];

/** Finds the backend of a model: from its configuration, else by Triton's rules from its files. */
export function findBackend({
  config,
  versions,
}: Pick<ModelDirectory, 'config' | 'versions'>): Backend | undefined {
  const name = config === undefined ? '' : getText(config, 'backend');
  const platform = config === undefined ? '' : getText(config, 'platform');
  if (name !== '' || platform !== '') {
    return (
      backends.find(
        (backend) => backend.platforms.includes(platform) && (name === '' || backend.name === name),
      ) ??
      (name === ''
        ? undefined
        : (backends.find((backend) => backend.name === name) ?? { name, platforms: [] }))
    );
  }
  const files = versions.flatMap((version) => version.files);
  return backends.find(({ modelFile }) => modelFile !== undefined && files.includes(modelFile));
}

export function isEnsemble({ config }: Pick<ModelDirectory, 'config'>): boolean {
  return (
    config !== undefined &&
    (getText(config, 'platform') === 'ensemble' || listEntries(config, 'ensemble_scheduling').length > 0)
  );
}

/** Returns the name of the file that the backend loads from a version. */
export function getModelFileName(
  { config }: Pick<ModelDirectory, 'config'>,
  backend: Backend,
): string | undefined {
  const given = config === undefined ? '' : getText(config, 'default_model_filename');
  if (isTorchPython({ config }, backend)) {
    return 'model.py';
  }
  return given === '' ? backend.modelFile : given;
}

/**
 * Returns whether the pytorch backend runs the model's own Python code instead of TorchScript.
 *
 * Source: https://github.com/triton-inference-server/pytorch_backend, "PyTorch 2.0 Models".
 */
export function isTorchPython({ config }: Pick<ModelDirectory, 'config'>, backend: Backend): boolean {
  return backend.name === 'pytorch' && config !== undefined && getText(config, 'runtime') === 'model.py';
}

/** Lists the versions that Triton would serve by the model's version policy. */
export function listServedVersions({
  config,
  versions,
}: Pick<ModelDirectory, 'config' | 'versions'>): Version[] {
  const [policy] = config === undefined ? [] : listMessages(config, 'version_policy');
  if (policy === undefined) {
    return versions.slice(-1);
  }
  const [specific] = listMessages(policy, 'specific');
  if (specific !== undefined) {
    const wanted = listNumbers(specific, 'versions');
    return versions.filter(({ number }) => wanted.includes(number));
  }
  const [latest] = listMessages(policy, 'latest');
  const count = latest === undefined ? 1 : getNumber(latest, 'num_versions');
  return listEntries(policy, 'all').length > 0
    ? [...versions]
    : versions.slice(versions.length - Math.min(count, versions.length));
}
