"""Training graph: Planetoid's Cora, or a deterministic stand-in of the same shape."""

import shutil
import threading
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import numpy as np

NODES = 2708
FEATURES = 1433
CLASSES = 7
DIRECTED_EDGES = 10556
CLASS_SIZES = (351, 217, 418, 818, 426, 298, 180)

TRAINING_NODES_PER_CLASS = 20
VALIDATION_NODES = 500
TEST_NODES = 1000

PLANETOID_URL = "https://github.com/kimiyoung/planetoid/raw/master/data"
PLANETOID_FILES = tuple(f"ind.cora.{part}" for part in ("x", "tx", "allx", "y", "ty", "ally", "graph", "test.index"))
CONNECT_TIMEOUT_SECONDS = 4
DOWNLOAD_TIMEOUT_SECONDS = 30


@dataclass(frozen=True)
class CitationGraph:
    """Graph whose nodes are papers, with words as features and citations in both directions as edges."""

    name: str
    features: np.ndarray  # float32 [nodes, FEATURES]
    edges: np.ndarray  # int64 [2, directed edges]
    labels: np.ndarray  # int64 [nodes]
    training: np.ndarray  # int64, indices of nodes
    validation: np.ndarray
    test: np.ndarray


def load_cora(directory: Path) -> CitationGraph:
    """Returns Cora as PyTorch Geometric reads it, with Planetoid's public split; downloads it if it is not in `directory`.

    Raises OSError when it cannot be had in time, ImportError without scipy, ValueError when it is
    not the Cora that everybody means.
    """
    raw = directory / "Cora" / "raw"
    if not all((raw / name).is_file() for name in PLANETOID_FILES):
        _download_planetoid(raw)

    from torch_geometric.datasets import Planetoid

    data = Planetoid(str(directory), "Cora")[0]
    graph = CitationGraph(
        name="cora",
        features=data.x.numpy(),
        edges=data.edge_index.numpy(),
        labels=data.y.numpy(),
        training=np.flatnonzero(data.train_mask.numpy()),
        validation=np.flatnonzero(data.val_mask.numpy()),
        test=np.flatnonzero(data.test_mask.numpy()),
    )
    if graph.features.shape != (NODES, FEATURES) or graph.edges.shape != (2, DIRECTED_EDGES):
        raise ValueError(f"not Cora: features {graph.features.shape}, edges {graph.edges.shape}")
    return graph


def _download_planetoid(raw: Path) -> None:
    """Downloads the eight files. Torch Geometric's own download needs aiohttp and has no timeout."""
    raw.mkdir(parents=True, exist_ok=True)
    failures: list[Exception] = []

    def fetch_all() -> None:
        try:
            for name in PLANETOID_FILES:
                partial = raw / f"{name}.part"
                url = f"{PLANETOID_URL}/{name}"
                with urllib.request.urlopen(url, timeout=CONNECT_TIMEOUT_SECONDS) as answer, partial.open("wb") as file:
                    shutil.copyfileobj(answer, file)
                partial.replace(raw / name)
        except OSError as error:
            failures.append(error)

    # A name lookup has no timeout, so the download runs in a thread that can be abandoned.
    worker = threading.Thread(target=fetch_all, daemon=True)
    worker.start()
    worker.join(DOWNLOAD_TIMEOUT_SECONDS)
    if worker.is_alive():
        raise TimeoutError(f"no Cora from {PLANETOID_URL} within {DOWNLOAD_TIMEOUT_SECONDS} s")
    if failures:
        raise failures[0]


def make_cora_like(seed: int) -> CitationGraph:
    """Returns a random graph with Cora's sizes, class proportions, sparsity and share of citations within a class.

    Papers hold about 18 words, a third of them from 150 words that their class prefers; about four
    of five citations stay within the class. The public split's sizes are kept.
    """
    random = np.random.default_rng(seed)
    labels = random.choice(CLASSES, NODES, p=np.array(CLASS_SIZES) / NODES)
    preferred_words = [random.choice(FEATURES, 150, replace=False) for _ in range(CLASSES)]

    features = np.zeros((NODES, FEATURES), np.float32)
    for node, label in enumerate(labels):
        words = max(3, random.poisson(18))
        typical_words = random.binomial(words, 0.35)
        features[node, random.choice(preferred_words[label], typical_words, replace=False)] = 1
        features[node, random.choice(FEATURES, words - typical_words, replace=False)] = 1

    nodes_by_class = [np.flatnonzero(labels == label) for label in range(CLASSES)]
    citations: set[tuple[int, int]] = set()
    while len(citations) < DIRECTED_EDGES // 2:
        citing = int(random.integers(NODES))
        same_class = random.random() < 0.81
        cited = int(random.choice(nodes_by_class[labels[citing]]) if same_class else random.integers(NODES))
        if citing != cited:
            citations.add((min(citing, cited), max(citing, cited)))
    one_way = np.array(sorted(citations), np.int64).T
    edges = np.concatenate([one_way, one_way[::-1]], axis=1)

    training = np.concatenate([nodes[:TRAINING_NODES_PER_CLASS] for nodes in nodes_by_class])
    others = random.permutation(np.setdiff1d(np.arange(NODES), training))
    return CitationGraph(
        name="synthetic",
        features=features,
        edges=edges,
        labels=labels.astype(np.int64),
        training=training,
        validation=others[:VALIDATION_NODES],
        test=others[VALIDATION_NODES : VALIDATION_NODES + TEST_NODES],
    )
