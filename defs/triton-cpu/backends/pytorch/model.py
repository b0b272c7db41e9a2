"""Triton backend `pytorch` on the CPU: serves TorchScript through Python's torch.

It stands where NVIDIA's image has libtriton_pytorch.so, so that a model repository written for
`platform: "pytorch_libtorch"` works unchanged. It follows that backend's rules
(https://github.com/triton-inference-server/pytorch_backend):

- The model is `model.pt` in the version's directory, or `default_model_filename`.
- Inputs are matched to forward()'s arguments by name if all names are arguments, else by the index
  in NAME__INDEX if all names have one, else by their order in config.pbtxt.
- Outputs are matched to what forward() returns by NAME__INDEX, else by order.
- The parameter INTRA_OP_THREAD_COUNT sets torch's threads.

Different: each request is executed by itself, also when Triton has batched several, and TYPE_STRING
tensors are refused.
"""

import json
import os
from typing import NamedTuple

import torch
import triton_python_backend_utils as pb_utils

TORCH_TYPES = {
    "TYPE_BOOL": torch.bool,
    "TYPE_UINT8": torch.uint8,
    "TYPE_INT8": torch.int8,
    "TYPE_INT16": torch.int16,
    "TYPE_INT32": torch.int32,
    "TYPE_INT64": torch.int64,
    "TYPE_FP16": torch.float16,
    "TYPE_FP32": torch.float32,
    "TYPE_FP64": torch.float64,
}
TRITON_TYPES = {torch_type: name for name, torch_type in TORCH_TYPES.items()}


class TensorSpec(NamedTuple):
    """One input or output of config.pbtxt with its place in forward()'s arguments or results."""

    position: int
    name: str
    dtype: torch.dtype


def index_in_name(name: str) -> int | None:
    """The INDEX of NAME__INDEX, None for other names."""
    _, _, index = name.partition("__")
    return int(index) if index.isdigit() else None


def place_tensors(entries: list[dict], arguments: list[str]) -> list[TensorSpec]:
    """Config entries with their positions, by argument name, by index in the name, or by order."""
    names = [entry["name"] for entry in entries]
    indices = [index_in_name(name) for name in names]
    if arguments and all(name in arguments for name in names):
        positions = [arguments.index(name) for name in names]
    elif None not in indices:
        positions = indices
    else:
        positions = list(range(len(names)))
    return [
        TensorSpec(position, entry["name"], TORCH_TYPES[entry["data_type"]])
        for position, entry in zip(positions, entries, strict=True)
    ]


class TritonPythonModel:
    """One model instance; the class name and the methods' names are the Python backend's."""

    def initialize(self, args: dict[str, str]) -> None:
        """Load the model; what is wrong with it becomes the reason that Triton reports."""
        try:
            self._load(args)
        except pb_utils.TritonModelException:
            raise
        except Exception as error:
            # The stub prints a Python traceback for anything else, and buries the reason.
            raise pb_utils.TritonModelException(f"failed to load model '{args['model_name']}': {error}") from None

    def _load(self, args: dict[str, str]) -> None:
        model_name = args["model_name"]
        config = json.loads(args["model_config"])
        self._check_entries(model_name, config)

        threads = int(config.get("parameters", {}).get("INTRA_OP_THREAD_COUNT", {}).get("string_value", "0"))
        if threads > 0:
            torch.set_num_threads(threads)
        if args["model_instance_kind"] == "GPU":
            pb_utils.Logger.log_warn(f"model '{model_name}' runs on the CPU: the torch of this image has no CUDA")

        file_name = config.get("default_model_filename") or "model.pt"
        path = os.path.join(args["model_repository"], args["model_version"], file_name)
        if not os.path.exists(path):
            raise pb_utils.TritonModelException(
                f"unable to find '{path}' for model instance '{args['model_instance_name']}'"
            )
        self.model = torch.jit.load(path, map_location="cpu").eval()

        arguments = [argument.name for argument in self.model.forward.schema.arguments][1:]  # without self
        if len(arguments) != len(config["input"]):
            raise pb_utils.TritonModelException(
                f"unable to load model '{model_name}', configuration expects {len(config['input'])} inputs, "
                f"model provides {len(arguments)}"
            )
        self.inputs = sorted(place_tensors(config["input"], arguments))
        if [spec.position for spec in self.inputs] != list(range(len(arguments))):
            raise pb_utils.TritonModelException(
                f"model '{model_name}': input indices must be 0..{len(arguments) - 1}, "
                f"got {[spec.name for spec in self.inputs]}"
            )
        self.outputs = place_tensors(config["output"], [])

    @staticmethod
    def _check_entries(model_name: str, config: dict) -> None:
        for direction in ("input", "output"):
            if not config.get(direction):
                raise pb_utils.TritonModelException(
                    f"model configuration must contain at least one {direction}, none were specified."
                )
            for entry in config[direction]:
                if entry["data_type"] not in TORCH_TYPES:
                    raise pb_utils.TritonModelException(
                        f"unsupported datatype {entry['data_type']} for {direction} '{entry['name']}' "
                        f"for model '{model_name}'"
                    )

    def execute(self, requests: list) -> list:
        """One response for each request; a failed request does not fail the others."""
        return [self._respond(request) for request in requests]

    def _respond(self, request):
        try:
            return pb_utils.InferenceResponse(self._infer(request))
        except Exception as error:
            reason = str(error).strip() or type(error).__name__
            return pb_utils.InferenceResponse(error=pb_utils.TritonError(f"PyTorch execute failure: {reason}"))

    def _infer(self, request) -> list:
        # DLPack in both directions: no copy, and the stub's own NumPy conversion is wrong under
        # NumPy 2 (numpy2-bridge.py).
        inputs = [
            torch.from_dlpack(pb_utils.get_input_tensor_by_name(request, spec.name).to_dlpack()) for spec in self.inputs
        ]
        with torch.inference_mode():
            results = self.model(*inputs)
        results = [results] if isinstance(results, torch.Tensor) else list(results)

        requested = request.requested_output_names()
        return [self._output(spec, results) for spec in self.outputs if spec.name in requested]

    @staticmethod
    def _output(spec: TensorSpec, results: list[torch.Tensor]):
        if spec.position >= len(results):
            raise RuntimeError(
                f"The output {spec.name} in the model configuration refers to an output index which doesn't exist. "
                f"This model has {len(results)} outputs"
            )
        result = results[spec.position]
        if result.dtype != spec.dtype:
            raise RuntimeError(
                f"configuration expects datatype {TRITON_TYPES[spec.dtype]} for output '{spec.name}', "
                f"model provides {TRITON_TYPES.get(result.dtype, result.dtype)}"
            )
        return pb_utils.Tensor.from_dlpack(spec.name, result.detach().contiguous())

    def finalize(self) -> None:
        """Let go of the model when Triton unloads it."""
        self.model = None
