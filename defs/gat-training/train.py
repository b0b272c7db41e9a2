#!/usr/bin/env python3
"""Train the graph attention network and write it as a Triton model version with its reference.

    train.py --out models/gat_test

writes 1/model.pt, reference.npz and training.json into the directory. It takes Planetoid's Cora where
that can be read or downloaded, else a deterministic graph of the same shape, and says which. The
last line on stdout is training.json's content on one line.
"""

import argparse
import copy
import json
import os
import sys
import time
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
import torch_geometric

from graphs import CLASSES, FEATURES, CitationGraph, load_cora, make_cora_like
from network import GraphAttentionNetwork, to_torchscript
from reference import answer, differences, make_cases, save_reference

# The stand-in graph is the same for every --seed, as Cora would be: the seed affects only the weights.
SYNTHETIC_GRAPH_SEED = 0
LEARNING_RATE = 0.005
WEIGHT_DECAY = 5e-4
# Largest allowed difference between TorchScript and its network, which both compute in float32.
SCRIPT_TOLERANCE = 1e-4


def parse_arguments() -> argparse.Namespace:
    """Parses the command line."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="model directory to write into, made if missing")
    parser.add_argument("--data", type=Path, default=default_data_directory(), help="directory of Cora (%(default)s)")
    parser.add_argument("--synthetic", action="store_true", help="use the stand-in graph instead of Cora")
    parser.add_argument("--seed", type=int, default=0, help="seed of weights and dropout (%(default)s)")
    parser.add_argument("--epochs", type=int, default=200, help="(%(default)s)")
    arguments = parser.parse_args()
    if arguments.epochs < 1:
        parser.error("--epochs must be at least 1")
    return arguments


def default_data_directory() -> Path:
    """Returns a cache directory of the user, outside the repository."""
    cache = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(cache) / "hpc-gat" / "planetoid"


def choose_graph(data: Path, synthetic: bool) -> CitationGraph:
    """Returns Cora if it is available, else the stand-in; prints which one and why."""
    if synthetic:
        print("data: synthetic graph of Cora's shape (asked for)")
        return make_cora_like(SYNTHETIC_GRAPH_SEED)
    try:
        graph = load_cora(data)
    except Exception as error:  # the stand-in replaces Cora after any error
        print(f"data: synthetic graph of Cora's shape (no Cora: {error})")
        return make_cora_like(SYNTHETIC_GRAPH_SEED)
    print(f"data: Planetoid Cora from {data}")
    return graph


def accuracy(predicted: torch.Tensor, labels: torch.Tensor, nodes: np.ndarray) -> float:
    """Returns the share of `nodes` whose predicted class is right."""
    return (predicted[nodes] == labels[nodes]).float().mean().item()


def train(graph: CitationGraph, seed: int, epochs: int) -> tuple[GraphAttentionNetwork, float, float]:
    """Returns the network at its best epoch by validation accuracy, with its validation and test accuracy."""
    torch.manual_seed(seed)
    features, edges, labels = map(torch.from_numpy, (graph.features, graph.edges, graph.labels))
    network = GraphAttentionNetwork(FEATURES, CLASSES)
    optimizer = torch.optim.Adam(network.parameters(), lr=LEARNING_RATE, weight_decay=WEIGHT_DECAY)

    best_validation, test_at_best, best_weights = -1.0, 0.0, None
    for _ in range(epochs):
        network.train()
        optimizer.zero_grad()
        logits = network(features, edges)
        F.cross_entropy(logits[graph.training], labels[graph.training]).backward()
        optimizer.step()

        network.eval()
        with torch.no_grad():
            predicted = network(features, edges).argmax(dim=1)
        validation = accuracy(predicted, labels, graph.validation)
        if validation > best_validation:
            best_validation = validation
            test_at_best = accuracy(predicted, labels, graph.test)
            best_weights = copy.deepcopy(network.state_dict())

    network.load_state_dict(best_weights)
    return network.eval(), best_validation, test_at_best


def main() -> int:
    """Trains, saves and reloads the model, and writes the reference with the reloaded model."""
    arguments = parse_arguments()
    graph = choose_graph(arguments.data, arguments.synthetic)

    started = time.monotonic()
    network, validation, test = train(graph, arguments.seed, arguments.epochs)
    seconds = time.monotonic() - started
    print(f"trained {arguments.epochs} epochs in {seconds:.1f} s")

    model_file = arguments.out / "1" / "model.pt"
    model_file.parent.mkdir(parents=True, exist_ok=True)
    # The archive's inner directory is named after the file, so the temporary name has the same stem.
    partial = model_file.with_suffix(".part")
    to_torchscript(network).save(str(partial))

    # The reference comes from the saved file, not from memory: a file that does not load, or whose
    # answers differ from those of the trained network, must not get its final name.
    saved = torch.jit.load(str(partial)).eval()
    cases = make_cases(graph.features, graph.edges)
    for case in cases.values():
        case["logits__0"] = answer(saved, case)
    worst = max(differences(network, cases).values())
    if worst > SCRIPT_TOLERANCE:
        partial.unlink()
        print(f"the saved model differs from the trained network by {worst}", file=sys.stderr)
        return 1
    partial.replace(model_file)
    save_reference(arguments.out / "reference.npz", cases)

    report = {
        "data": graph.name,
        "seed": arguments.seed,
        "epochs": arguments.epochs,
        "validationAccuracy": round(validation, 4),
        "testAccuracy": round(test, 4),
        "parameters": sum(parameter.numel() for parameter in network.parameters()),
        "torch": torch.__version__,
        "torchGeometric": torch_geometric.__version__,
    }
    (arguments.out / "training.json").write_text(json.dumps(report, indent=2) + "\n")
    print(json.dumps(report))
    return 0


if __name__ == "__main__":
    sys.exit(main())
