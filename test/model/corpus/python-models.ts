/** A model directory, and Triton's verdict on it (queried by test/e2e/model-check.test.ts). */
export interface CorpusModel {
  readonly name: string;
  readonly loads: boolean;
  /** Files by path in the model's directory; `model.pt` and `model.py` stand for working files. */
  readonly files: Readonly<Record<string, string | Uint8Array>>;
}

export const pythonModel = `import triton_python_backend_utils as pb_utils


class TritonPythonModel:
    def execute(self, requests):
        return [
            pb_utils.InferenceResponse([pb_utils.Tensor("OUT", pb_utils.get_input_tensor_by_name(request, "IN").as_numpy())])
            for request in requests
        ]
`;

export const tensors = `input [ { name: "IN" data_type: TYPE_FP32 dims: [ 4 ] } ]
output [ { name: "OUT" data_type: TYPE_FP32 dims: [ 4 ] } ]
`;
/** Returns a model of the Python backend; `$` in the configuration stands for its name. */
export function python(
  name: string,
  loads: boolean,
  config: string,
  files: CorpusModel['files'] = {},
): CorpusModel {
  return {
    name,
    loads,
    files: { 'config.pbtxt': config.replaceAll('$', name), '1/model.py': pythonModel, ...files },
  };
}

/** Adds more fields to such a model with working tensors. */
export function pythonWith(
  name: string,
  loads: boolean,
  more: string,
  files: CorpusModel['files'] = {},
): CorpusModel {
  return python(name, loads, `name: "$"\nbackend: "python"\n${tensors}${more}`, files);
}
