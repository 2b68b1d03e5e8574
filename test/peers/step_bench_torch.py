"""PyTorch peer of `npm run bench -- step`: docs/model.md's decoupled step, eager or torch.compile, f32 or bf16 autocast.

Protocol: step_protocol.py. Adam is PyTorch's fused one, whose epsilon stands beside the corrected root; all else is the same
mathematics. bf16 is autocast: matrix products in bfloat16, parameters and moments in float32.
"""

import sys
import time
from math import sqrt

started = time.perf_counter()

import numpy as np

try:
    import torch
    from torch.nn import functional as F
except ImportError as error:
    sys.exit(f"step_bench_torch.py needs PyTorch (pip install torch): {error}")

from parameters import Encoder, RelativeBias, encoder_shapes, mlm_shapes, relative_buckets, rtd_shapes
from step_protocol import initial_value, serve, synthetic_batches

import_ms = (time.perf_counter() - started) * 1e3
DEVICE = "cuda" if torch.cuda.is_available() else "cpu"
CLIP_NORM = 2.0
WARM_UP_STEPS = 2


def linear(p, name, x):
    """x [..., in] @ kernel [in, out] + bias [out]."""
    return F.linear(x, p[f"{name}/kernel"].T, p[f"{name}/bias"])


def layer_norm(p, name, x):
    return F.layer_norm(x, x.shape[-1:], p[f"{name}/scale"], p[f"{name}/bias"], 1e-5)


def encode(p, prefix, c, tokens, length, buckets):
    """Hidden states [B, S, D]; buckets int64 [S, S]."""
    b, s = tokens.shape
    x = layer_norm(p, f"{prefix}/embeddings/norm", F.embedding(tokens, p[f"{prefix}/embeddings/word"]))
    x = F.dropout(x, c.dropout)
    padding = torch.arange(s, device=tokens.device) >= length[:, None]
    bias = F.embedding(buckets, p[f"{prefix}/relative_bias"]).permute(2, 0, 1)  # [H, S, S]
    bias = bias + padding[:, None, None, :] * -1e9

    def heads(name, x):  # [B, H, S, D/H]
        return linear(p, name, x).view(b, s, c.heads, -1).transpose(1, 2)

    def residual(name, x, f):
        omega = p.get(f"{name}/omega")
        return layer_norm(p, f"{name}/norm", (x if omega is None else omega * x) + F.dropout(f, c.dropout))

    for i in range(c.layers):
        a, f = f"{prefix}/layer_{i}/attention", f"{prefix}/layer_{i}/ffn"
        q, k, v = (heads(f"{a}/{part}", x) for part in ("query", "key", "value"))
        weights = torch.softmax(q @ k.transpose(-1, -2) / sqrt(c.hidden // c.heads) + bias, -1)
        mixed = F.dropout(weights, c.attention_dropout) @ v
        x = residual(a, x, linear(p, f"{a}/output", mixed.transpose(1, 2).reshape(b, s, -1)))
        x = residual(f, x, linear(p, f"{f}/out", F.gelu(linear(p, f"{f}/in", x))))
    return x


def generator_loss(p, c, batch, buckets):
    """MLM loss, and logits [B*M, V]."""
    x = encode(p, "generator", c, batch["masked"], batch["length"], buckets)
    selected = torch.take_along_dim(x, batch["positions"][:, :, None], 1).flatten(0, 1)
    h = layer_norm(p, "generator/mlm/norm", F.gelu(linear(p, "generator/mlm/dense", selected)))
    logits = F.linear(h, p["generator/embeddings/word"], p["generator/mlm/bias"]).float()
    targets = torch.take_along_dim(batch["tokens"], batch["positions"], 1).flatten()
    weights = batch["weights"].flatten()
    return (weights * F.cross_entropy(logits, targets, reduction="none")).sum() / weights.sum(), logits


def corrupt(logits, batch):
    """Tokens [B, S] with selections replaced by draws from the generator."""
    noise = torch.empty_like(logits).exponential_().log().neg()
    sampled = (logits + noise).argmax(-1)
    slot = batch["slot"]
    return torch.where(slot >= 0, sampled[slot.clamp(min=0)], batch["tokens"])


def discriminator_loss(p, c, batch, corrupted, buckets):
    x = encode(p, "discriminator", c, corrupted, batch["length"], buckets)
    logits = linear(p, "discriminator/rtd/out", F.gelu(linear(p, "discriminator/rtd/dense", x)))[..., 0].float()
    labels = (corrupted != batch["tokens"]).float()
    real = torch.arange(x.shape[1], device=x.device) < batch["length"][:, None]
    return (F.binary_cross_entropy_with_logits(logits, labels, reduction="none") * real).sum() / real.sum()


def encoder(c, layers):
    bias = RelativeBias(c.buckets, c.maxDistance, c.bucketForm)
    return Encoder(layers, c.hidden, c.heads, c.ffn, c.hidden, bias, None, c.admin, c.dropout, c.dropout)


def to_device(batch):
    return {k: torch.from_numpy(v if v.dtype == np.float32 else v.astype(np.int64)).to(DEVICE) for k, v in batch.items()}


def prepare(c):
    torch.manual_seed(c.seed)
    draw = np.random.default_rng(c.seed)
    g, d = encoder(c, c.layersG), encoder(c, c.layersD)
    named = {
        "generator": encoder_shapes("generator", g, c.vocabulary) | mlm_shapes("generator", g, c.vocabulary),
        "discriminator": encoder_shapes("discriminator", d, c.vocabulary) | rtd_shapes("discriminator", d),
    }
    parameters = {
        group: {n: torch.from_numpy(initial_value(n, s, draw)).to(DEVICE).requires_grad_() for n, s in shapes.items()}
        for group, shapes in named.items()
    }
    optimizers = {
        group: torch.optim.AdamW(p.values(), lr=lr, betas=(0.9, 0.98), eps=1e-6, weight_decay=0.01, fused=True)
        for (group, p), lr in zip(parameters.items(), (2e-6, 1.5e-5))
    }
    batches = synthetic_batches(c)
    buckets = torch.from_numpy(relative_buckets(g.relative_bias, c.length).astype(np.int64)).to(DEVICE)
    optional = torch.compile if c.compile else lambda f: f
    loss_g, loss_d, sample = optional(generator_loss), optional(discriminator_loss), optional(corrupt)
    count = 0

    def update(group, loss):
        loss.backward()
        torch.nn.utils.clip_grad_norm_(parameters[group].values(), CLIP_NORM)
        optimizers[group].step()
        optimizers[group].zero_grad()

    def one():
        """One step with its batch sent and its losses fetched: milliseconds, losses."""
        nonlocal count
        begin = time.perf_counter()
        batch = to_device(batches[count % len(batches)])
        with torch.autocast(DEVICE, torch.bfloat16, enabled=c.precision == "bf16"):
            of_g, logits = loss_g(parameters["generator"], g, batch, buckets)
        update("generator", of_g)
        corrupted = sample(logits.detach(), batch)
        with torch.autocast(DEVICE, torch.bfloat16, enabled=c.precision == "bf16"):
            of_d = loss_d(parameters["discriminator"], d, batch, corrupted, buckets)
        update("discriminator", c.lossWeight * of_d)
        losses = {"loss/generator": of_g.item(), "loss/discriminator": of_d.item()}
        count += 1
        return (time.perf_counter() - begin) * 1e3, losses

    def run(n):
        timed = [one() for _ in range(n)]
        return {"ms": [ms for ms, _ in timed], "losses": timed[-1][1] if timed else {}}

    first_ms, losses = one()
    warm_ms = min(run(WARM_UP_STEPS)["ms"])
    return {
        "peer": f"torch {torch.__version__} {'compile' if c.compile else 'eager'}",
        "device": torch.cuda.get_device_name() if DEVICE == "cuda" else "cpu",
        "importMs": import_ms,
        "traceMs": None,
        "compileMs": first_ms - warm_ms if c.compile else 0,
        "firstStepMs": first_ms,
        "losses": losses,
        "parameters": sum(p.numel() for group in parameters.values() for p in group.values()),
    }, run


if __name__ == "__main__":
    serve(prepare)
