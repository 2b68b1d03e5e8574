"""The encoder, its heads and its losses as docs/model.md defines them, in JAX. Parameters are one flat dict, keyed by name.

Shapes: B sequences, S tokens, D hidden width, H heads, E embedding width, V vocabulary, M selections a sequence.
"""

from math import sqrt

import jax
import jax.numpy as jnp

from parameters import relative_buckets
from random_jax import dropout

NORM_EPSILON = 1e-5


def encode(p, prefix, c, tokens, length, stream=None, word=None, omega=None):
    """Hidden states [B, S, D] of tokens int32 [B, S]; `length` int32 [B] counts the tokens that are not padding.

    stream: random numbers of dropout, or None. omega: decides a branch's omega from (name, x, f); Admin's profile uses it.
    """
    s = tokens.shape[1]
    e = f"{prefix}/embeddings"
    x = rows(p[word or f"{e}/word"], tokens)
    if c.absolute_positions is not None:
        x = x + p[f"{e}/position"][:s]
    x = dropout(stream, layer_norm(p, f"{e}/norm", x), c.dropout)
    if c.embedding != c.hidden:
        x = linear(p, f"{e}/project", x, c)
    bias = jnp.where(jnp.arange(s) < length[:, None], 0.0, -1e9).astype(x.dtype)[:, None, None, :]  # [B, 1, 1, S]
    if c.relative_bias:
        table = p[f"{prefix}/relative_bias"]
        bias = bias + rows(table, relative_buckets(c.relative_bias, s)).transpose(2, 0, 1)  # [B, H, S, S]

    def residual(name, x, f):
        f = dropout(stream, f, c.dropout)
        w = omega(name, x, f) if omega else p.get(f"{name}/omega", 1)
        return layer_norm(p, f"{name}/norm", w * x + f)

    for layer in (f"{prefix}/layer_{i}" for i in range(c.layers)):
        x = residual(f"{layer}/attention", x, attention(p, f"{layer}/attention", x, bias, c, stream))
        inner = gelu(linear(p, f"{layer}/ffn/in", x, c))
        x = residual(f"{layer}/ffn", x, linear(p, f"{layer}/ffn/out", inner, c))
    return x


def attention(p, name, x, bias, c, stream):
    """Multi-head self-attention: x [B, S, D], bias broadcast to [B, H, S, S]."""
    b, s, d = x.shape

    def heads(part):  # [B, H, S, D/H]
        return linear(p, f"{name}/{part}", x, c).reshape(b, s, c.heads, d // c.heads).transpose(0, 2, 1, 3)

    scores = matmul(heads("query"), heads("key").swapaxes(-1, -2), c) / sqrt(d // c.heads) + bias
    weights = dropout(stream, jax.nn.softmax(scores, axis=-1), c.attention_dropout)
    mixed = matmul(weights, heads("value"), c).transpose(0, 2, 1, 3).reshape(b, s, d)
    return linear(p, f"{name}/output", mixed, c)


def mlm_logits(p, prefix, c, hidden, positions, word=None):
    """Logits [B*M, V] at positions int32 [B, M]."""
    selected = jnp.take_along_axis(hidden, positions[:, :, None], axis=1).reshape(-1, c.hidden)
    h = layer_norm(p, f"{prefix}/mlm/norm", gelu(linear(p, f"{prefix}/mlm/dense", selected, c)))
    return matmul(h, p[word or f"{prefix}/embeddings/word"].T, c) + p[f"{prefix}/mlm/bias"]


def rtd_logits(p, prefix, c, hidden):
    """Logit that each token was replaced: [B, S]."""
    return linear(p, f"{prefix}/rtd/out", gelu(linear(p, f"{prefix}/rtd/dense", hidden, c)), c)[..., 0]


def mlm_loss(logits, targets, weights):
    """Weighted mean of the cross-entropy: logits [N, V], targets int32 [N], weights [N]."""
    target = jnp.take_along_axis(logits, targets[:, None], axis=-1)[:, 0]
    return jnp.sum(weights * (jax.nn.logsumexp(logits, axis=-1) - target)) / jnp.maximum(1, jnp.sum(weights))


def rtd_loss(logits, labels, length):
    """Mean binary cross-entropy over tokens that are not padding: logits and labels [B, S]."""
    real = jnp.arange(logits.shape[1]) < length[:, None]
    return jnp.sum(jnp.where(real, jax.nn.softplus(logits) - logits * labels, 0)) / jnp.maximum(1, jnp.sum(real))


def layer_norm(p, name, x):
    centered = x - x.mean(-1, keepdims=True)
    unit = centered * jax.lax.rsqrt(jnp.square(centered).mean(-1, keepdims=True) + NORM_EPSILON)
    return unit * p[f"{name}/scale"] + p[f"{name}/bias"]


def gelu(x):
    return jax.nn.gelu(x, approximate=False)


def linear(p, name, x, c):
    return matmul(x, p[f"{name}/kernel"], c) + p[f"{name}/bias"]


def rows(table, indices):
    return table.at[indices].get(mode="promise_in_bounds")


def matmul(a, b, c):
    return _matmul_bf16(a, b) if c.bf16 else a @ b


@jax.custom_vjp
def _matmul_bf16(a, b):
    """a @ b with bfloat16 inputs and a float32 result, forward and backward."""
    return jnp.matmul(a.astype(jnp.bfloat16), b.astype(jnp.bfloat16), preferred_element_type=jnp.float32)


def _matmul_bf16_backward(saved, dy):
    a, b = saved
    da = _matmul_bf16(dy, b.swapaxes(-1, -2))
    if b.ndim == 2:  # one kernel for every row of a
        return da, _matmul_bf16(a.reshape(-1, a.shape[-1]).T, dy.reshape(-1, dy.shape[-1]))
    return da, _matmul_bf16(a.swapaxes(-1, -2), dy)


_matmul_bf16.defvjp(lambda a, b: (_matmul_bf16(a, b), (a, b)), _matmul_bf16_backward)
