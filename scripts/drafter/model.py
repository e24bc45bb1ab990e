"""The drafter's network: a small Llama (RMSNorm, rotary positions, SwiGLU, tied embeddings)."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import nn


@dataclass
class Config:
    vocab: int
    width: int = 256
    layers: int = 6
    heads: int = 4
    hidden: int = 768
    context: int = 512
    rope_base: float = 10000.0
    epsilon: float = 1e-5

    @property
    def head_width(self) -> int:
        return self.width // self.heads


def rotation(config: Config, length: int, device=None):
    """Cosines and sines of the rotary positions; each pair is split over the two halves of a head."""
    half = config.head_width // 2
    rates = config.rope_base ** (-torch.arange(half, dtype=torch.float32, device=device) / half)
    angles = torch.outer(torch.arange(length, dtype=torch.float32, device=device), rates)
    return angles.cos(), angles.sin()


def rotate(x, cos, sin):
    first, second = x.chunk(2, dim=-1)
    return torch.cat((first * cos - second * sin, first * sin + second * cos), dim=-1)


class Block(nn.Module):
    def __init__(self, config: Config):
        super().__init__()
        width, hidden = config.width, config.hidden
        self.heads, self.epsilon = config.heads, config.epsilon
        self.attn_norm = nn.Parameter(torch.ones(width))
        self.ffn_norm = nn.Parameter(torch.ones(width))
        self.q, self.k, self.v, self.o = (nn.Linear(width, width, bias=False) for _ in range(4))
        self.gate, self.up = nn.Linear(width, hidden, bias=False), nn.Linear(width, hidden, bias=False)
        self.down = nn.Linear(hidden, width, bias=False)

    def forward(self, x, cos, sin, cache=None):
        rows, length, width = x.shape
        h = F.rms_norm(x, (width,), self.attn_norm.to(x.dtype), self.epsilon)
        q, k, v = (linear(h).view(rows, length, self.heads, -1).transpose(1, 2) for linear in (self.q, self.k, self.v))
        q, k = rotate(q, cos, sin), rotate(k, cos, sin)
        causal = True
        if cache is not None:
            if cache:
                k, v = torch.cat((cache[0], k), 2), torch.cat((cache[1], v), 2)
                causal = False
            cache[:] = [k, v]
        mixed = F.scaled_dot_product_attention(q, k, v, is_causal=causal)
        x = x + self.o(mixed.transpose(1, 2).reshape(rows, length, width))
        h = F.rms_norm(x, (width,), self.ffn_norm.to(x.dtype), self.epsilon)
        return x + self.down(F.silu(self.gate(h)) * self.up(h))


class Drafter(nn.Module):
    def __init__(self, config: Config):
        super().__init__()
        self.config = config
        self.embedding = nn.Embedding(config.vocab, config.width)
        self.blocks = nn.ModuleList(Block(config) for _ in range(config.layers))
        self.norm = nn.Parameter(torch.ones(config.width))
        cos, sin = rotation(config, config.context)
        self.register_buffer("cos", cos, persistent=False)
        self.register_buffer("sin", sin, persistent=False)
        nn.init.normal_(self.embedding.weight, std=0.02)
        for name, weight in self.named_parameters():
            if weight.ndim == 2 and "embedding" not in name:
                nn.init.normal_(weight, std=0.5 * weight.shape[1] ** -0.5)
            if name.endswith(("o.weight", "down.weight")):
                nn.init.zeros_(weight)

    def hidden(self, ids, caches=None, start: int = 0):
        """Normalised states of the last layer for `ids` of shape (rows, length)."""
        dtype = torch.bfloat16 if torch.is_autocast_enabled(ids.device.type) else torch.float32
        end = start + ids.shape[1]
        cos, sin = self.cos[start:end].to(dtype), self.sin[start:end].to(dtype)
        x = self.embedding(ids).to(dtype)
        for index, block in enumerate(self.blocks):
            x = block(x, cos, sin, None if caches is None else caches[index])
        return F.rms_norm(x, (self.config.width,), self.norm.to(x.dtype), self.config.epsilon)

    def logits(self, hidden):
        return F.linear(hidden, self.embedding.weight)

    def loss(self, ids, positions, weights):
        """Weighted mean cross-entropy of the tokens that follow the flattened `positions`; logits elsewhere are not computed."""
        states = self.hidden(ids[:, :-1]).flatten(0, 1)[positions]
        losses = F.cross_entropy(self.logits(states).float(), ids[:, 1:].flatten()[positions], reduction="none")
        return (losses * weights).sum() / weights.sum()

    @torch.no_grad()
    def generate(self, ids: list[int], stop: int, limit: int = 160) -> list[int]:
        """Greedy completion of at most `limit` tokens, without the `stop` token."""
        caches = [[] for _ in self.blocks]
        states = self.hidden(torch.tensor([ids]), caches)
        made, position = [], len(ids)
        while len(made) < limit and position < self.config.context:
            token = int(self.logits(states[:, -1]).argmax())
            if token == stop:
                break
            made.append(token)
            states = self.hidden(torch.tensor([[token]]), caches, position)
            position += 1
        return made


class Muon(torch.optim.Optimizer):
    """Muon: momentum with orthogonalised updates for matrices (Jordan et al. 2024); equal shapes are updated in one batch."""

    def __init__(self, params, lr: float = 0.02, momentum: float = 0.95, decay: float = 0.0):
        super().__init__(list(params), {"lr": lr, "momentum": momentum, "decay": decay})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            shapes: dict[tuple, list] = {}
            for weight in group["params"]:
                if weight.grad is not None:
                    shapes.setdefault(tuple(weight.shape), []).append(weight)
            for shape, weights in shapes.items():
                updates = []
                for weight in weights:
                    state = self.state[weight]
                    momentum = state.setdefault("momentum", torch.zeros_like(weight))
                    momentum.lerp_(weight.grad, 1 - group["momentum"])
                    updates.append(weight.grad.lerp(momentum, group["momentum"]))
                steps = orthogonal(torch.stack(updates))
                scale = max(1.0, shape[0] / shape[1]) ** 0.5
                for weight, step in zip(weights, steps.to(weights[0].dtype)):
                    weight.mul_(1 - group["lr"] * group["decay"]).add_(step, alpha=-group["lr"] * scale)


def orthogonal(matrices, rounds: int = 5):
    """The nearest (semi-)orthogonal matrices, by Newton-Schulz in bf16."""
    a, b, c = 3.4445, -4.7750, 2.0315
    x = matrices.bfloat16()
    tall = x.shape[1] > x.shape[2]
    x = x.mT if tall else x
    x = x / (x.norm(dim=(1, 2), keepdim=True) + 1e-7)
    for _ in range(rounds):
        square = x @ x.mT
        x = a * x + (b * square + c * square @ square) @ x
    return x.mT if tall else x
