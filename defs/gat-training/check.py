#!/usr/bin/env python3
"""Compare a TorchScript model with its reference answers; needs torch and numpy only.

    check.py models/gat_test

The last line on stdout is JSON with the largest absolute difference of each case, and whether all are
within the tolerance. Exit code: 0 if they are, 1 if not, 2 if a file cannot be read.
"""

import argparse
import json
import math
import sys
from pathlib import Path

import torch

from reference import differences, load_reference


def main() -> int:
    """Loads both files, compares them, and prints the report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path, help="model directory with 1/model.pt and reference.npz")
    parser.add_argument("--reference", type=Path, help="reference.npz to use instead of the directory's")
    parser.add_argument("--tolerance", type=float, default=1e-4, help="largest difference allowed (%(default)s)")
    arguments = parser.parse_args()

    try:
        model = torch.jit.load(str(arguments.model / "1" / "model.pt"), map_location="cpu").eval()
        cases = load_reference(arguments.reference or arguments.model / "reference.npz")
    except (OSError, ValueError, RuntimeError) as error:
        print(f"cannot read the model or its reference: {error}", file=sys.stderr)
        return 2

    found = differences(model, cases)
    within = all(difference <= arguments.tolerance for difference in found.values())
    # JSON has no infinity, so null stands for a wrong shape or numbers that are not finite.
    report = {name: value if math.isfinite(value) else None for name, value in found.items()}
    print(json.dumps({"maxAbsoluteDifference": report, "tolerance": arguments.tolerance, "ok": within}))
    return 0 if within else 1


if __name__ == "__main__":
    sys.exit(main())
