"""Reference cases: fixed graphs with the model's own answers, and the comparison against them.

`reference.npz` names its arrays `<case>.<tensor>`, tensors as in config.pbtxt: float32 features
`x__0`, int64 edges `edgeindex__1`, and the expected float32 `logits__0`.
"""

import os
from pathlib import Path

import numpy as np
import torch

Case = dict[str, np.ndarray]


def make_cases(features: np.ndarray, edges: np.ndarray, seed: int = 7) -> dict[str, Case]:
    """Returns three graphs: one with isolated nodes, a small one with all special cases, and the complete one.

    Only the third depends on the trained graph's edges. `small` has fractional features, repeated
    edges and self loops, which GATConv replaces by its own.
    """
    random = np.random.default_rng(seed)
    width = features.shape[1]

    # Nodes 8 to 11 have no edges, not even to themselves.
    ring = np.arange(8)
    isolated_edges = np.stack([ring, np.roll(ring, 1)])

    # Steps of 1/256 are exact in every float format and compress well.
    values = random.integers(0, 257, (40, width)) / 256
    small_features = np.where(random.random((40, width)) < 0.1, values, 0)
    small_edges = random.integers(0, 40, (2, 160))
    small_edges[:, -2:] = [[5, 6], [5, 6]]
    small_edges[:, 1] = small_edges[:, 0]

    return {
        "isolated": _case(features[:12], isolated_edges),
        "small": _case(small_features, small_edges),
        "cora": _case(features, edges),
    }


def _case(features: np.ndarray, edges: np.ndarray) -> Case:
    return {
        "x__0": np.ascontiguousarray(features, "<f4"),
        "edgeindex__1": np.ascontiguousarray(edges, "<i8"),
    }


def answer(model: torch.nn.Module, case: Case) -> np.ndarray:
    """Returns the model's logits for one case, float32 [nodes, classes]."""
    with torch.inference_mode():
        logits = model(torch.from_numpy(case["x__0"]), torch.from_numpy(case["edgeindex__1"]))
    return logits.numpy().astype("<f4")


def save_reference(path: Path, cases: dict[str, Case]) -> None:
    """Writes all cases to `path`; the same cases give the same bytes, because NumPy stores no time."""
    arrays = {f"{name}.{tensor}": array for name, case in cases.items() for tensor, array in case.items()}
    partial = path.with_name(f".{path.name}.part")
    with partial.open("wb") as file:
        np.savez_compressed(file, **arrays)
    os.replace(partial, path)


def load_reference(path: Path) -> dict[str, Case]:
    """Reads the cases that save_reference wrote."""
    cases: dict[str, Case] = {}
    with np.load(path) as arrays:
        for key in arrays.files:
            case, _, tensor = key.partition(".")
            cases.setdefault(case, {})[tensor] = arrays[key]
    return cases


def differences(model: torch.nn.Module, cases: dict[str, Case]) -> dict[str, float]:
    """Returns for each case the largest absolute difference between the model's answer and the reference.

    Infinity where the shape differs or a number is not finite.
    """
    result: dict[str, float] = {}
    for name, case in cases.items():
        actual = answer(model, case)
        expected = case["logits__0"]
        if actual.shape != expected.shape or not np.isfinite(actual).all():
            result[name] = float("inf")
        else:
            result[name] = float(np.abs(actual - expected).max())
    return result
