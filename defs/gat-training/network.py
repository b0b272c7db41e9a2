"""Graph attention network of Velickovic et al. (2018), sized for Cora, and its TorchScript."""

import torch
import torch.nn.functional as F
from torch import Tensor, nn
from torch_geometric.nn import GATConv


class GraphAttentionNetwork(nn.Module):
    """Two GAT layers: `heads` heads of `hidden` features, then one head with a logit per class."""

    def __init__(self, features: int, classes: int, hidden: int = 8, heads: int = 8, dropout: float = 0.6):
        super().__init__()
        self.dropout = dropout
        self.attention1 = GATConv(features, hidden, heads=heads, dropout=dropout)
        self.attention2 = GATConv(hidden * heads, classes, heads=1, concat=False, dropout=dropout)

    def forward(self, x: Tensor, edge_index: Tensor) -> Tensor:
        """Computes logits, float32 [nodes, classes], of x, float32 [nodes, features], and edge_index, int64 [2, edges]."""
        x = F.dropout(x, p=self.dropout, training=self.training)
        x = F.elu(self.attention1(x, edge_index))
        x = F.dropout(x, p=self.dropout, training=self.training)
        return self.attention2(x, edge_index)


def to_torchscript(network: GraphAttentionNetwork) -> torch.jit.ScriptModule:
    """Returns the network as one self-contained TorchScript module for inference.

    Freezing is required, not an optimization: the scripted GATConv keeps a branch for the class
    SparseTensor, which torch.jit.save writes and torch.jit.load then cannot resolve. Freezing
    removes that branch, because the arguments are tensors.
    """
    return torch.jit.freeze(torch.jit.script(network.eval()))
