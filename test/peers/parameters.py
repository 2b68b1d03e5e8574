"""What every peer knows of docs/model.md without a framework: configurations, parameters' names and shapes, buckets."""

from dataclasses import dataclass

import numpy as np

SHARED_WORD = "shared/embeddings/word"


@dataclass(frozen=True)
class RelativeBias:
    buckets: int
    max_distance: int
    form: str  # t5 | metro


@dataclass(frozen=True)
class Encoder:
    layers: int
    hidden: int
    heads: int
    ffn: int
    embedding: int
    relative_bias: RelativeBias | None = None
    absolute_positions: int | None = None
    admin: bool = False
    dropout: float = 0.0
    attention_dropout: float = 0.0
    bf16: bool = False  # matrix products take bfloat16 and give float32


def encoder_shapes(prefix, c, vocabulary, shared=False):
    """Name -> shape of the encoder's parameters."""
    e = f"{prefix}/embeddings"
    shapes = {SHARED_WORD if shared else f"{e}/word": (vocabulary, c.embedding)}
    if c.absolute_positions is not None:
        shapes[f"{e}/position"] = (c.absolute_positions, c.embedding)
    shapes |= _norm(f"{e}/norm", c.embedding)
    if c.embedding != c.hidden:
        shapes |= _dense(f"{e}/project", c.embedding, c.hidden)
    if c.relative_bias:
        shapes[f"{prefix}/relative_bias"] = (c.relative_bias.buckets, c.heads)
    for layer in (f"{prefix}/layer_{i}" for i in range(c.layers)):
        for part in ("query", "key", "value", "output"):
            shapes |= _dense(f"{layer}/attention/{part}", c.hidden, c.hidden)
        shapes |= _dense(f"{layer}/ffn/in", c.hidden, c.ffn) | _dense(f"{layer}/ffn/out", c.ffn, c.hidden)
        for branch in ("attention", "ffn"):
            shapes |= _norm(f"{layer}/{branch}/norm", c.hidden)
            shapes |= {f"{layer}/{branch}/omega": (c.hidden,)} if c.admin else {}
    return shapes


def mlm_shapes(prefix, c, vocabulary):
    dense = _dense(f"{prefix}/mlm/dense", c.hidden, c.embedding)
    return dense | _norm(f"{prefix}/mlm/norm", c.embedding) | {f"{prefix}/mlm/bias": (vocabulary,)}


def rtd_shapes(prefix, c):
    return _dense(f"{prefix}/rtd/dense", c.hidden, c.hidden) | _dense(f"{prefix}/rtd/out", c.hidden, 1)


def relative_buckets(bias, length):
    """Bucket of key j seen from query i: int32 [S, S]."""
    relative = np.arange(length)[None, :] - np.arange(length)[:, None]
    return bucket_of(relative, bias.buckets, bias.max_distance, bias.form)


def bucket_of(relative, buckets, max_distance, form):
    """t5: Raffel et al. 2019, rounded down; metro: Bajaj et al. 2022, rounded up over max_distance - 1. Keys to the right take
    the upper half."""
    half, exact = buckets // 2, buckets // 4
    n = np.abs(relative)
    far = np.log(np.maximum(n, exact) / exact)
    if form == "t5":
        far = np.floor(far / np.log(max_distance / exact) * (half - exact))
    else:
        far = np.ceil(far / np.log((max_distance - 1) / exact) * (half - 1 - exact))
    bucket = np.where(n < exact, n, np.minimum(half - 1, exact + far))
    return (bucket + np.where(relative > 0, half, 0)).astype(np.int32)


def _dense(name, inputs, outputs):
    return {f"{name}/kernel": (inputs, outputs), f"{name}/bias": (outputs,)}


def _norm(name, width):
    return {f"{name}/scale": (width,), f"{name}/bias": (width,)}
