import type { ModelDirectory, Version } from './repository.ts';
import { listEntries, listMessages, getNumber, listNumbers, getText } from './config/access.ts';

export interface Backend {
  /** The value of `backend`, and the directory of the backend in the image. */
  readonly name: string;
  /** The values of `platform` that mean it. */
  readonly platforms: readonly string[];
  /** What it looks for in a version's directory unless default_model_filename says otherwise; undefined: it decides itself. */
  readonly modelFile?: string;
}

/** Source: the READMEs of Triton's backends, and its model configuration documentation. */
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

/** What executes the model: as its configuration says, else as Triton guesses from the files. */
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

/** The name of the file that the backend loads from a version's directory. */
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
 * Whether the pytorch backend runs the model's own Python code, and no TorchScript.
 *
 * Source: https://github.com/triton-inference-server/pytorch_backend, "PyTorch 2.0 Models".
 */
export function isTorchPython({ config }: Pick<ModelDirectory, 'config'>, backend: Backend): boolean {
  return backend.name === 'pytorch' && config !== undefined && getText(config, 'runtime') === 'model.py';
}

/** The versions that Triton would serve, by the model's version policy. */
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
