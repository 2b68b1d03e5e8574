"""JAX peer of `npm run bench -- step`: docs/model.md's decoupled step, jitted, state donated. Protocol: step_protocol.py."""

import time

started = time.perf_counter()

import jax
import numpy as np

import pretrain_jax as pretrain
from parameters import Encoder, RelativeBias
from step_protocol import initial_value, serve, synthetic_batches

import_ms = (time.perf_counter() - started) * 1e3

# Of what `prepare` takes as `random`: exact (explicit threefry, fused by XLA), threefry2x32, rbg, unsafe_rbg. At the default
# sizes on 2 CPU cores, process time: 1.66 s, 1.79 s, 2.04 s for exact, threefry2x32, unsafe_rbg; 1.61 s without dropout.
FASTEST_RANDOM = "exact"


def encoder(c, layers):
    return Encoder(
        layers=layers,
        hidden=c.hidden,
        heads=c.heads,
        ffn=c.ffn,
        embedding=c.hidden,
        relative_bias=RelativeBias(c.buckets, c.maxDistance, c.bucketForm),
        admin=c.admin,
        dropout=c.dropout,
        attention_dropout=c.dropout,
        bf16=c.precision == "bf16",
    )


def prepare(c):
    config = pretrain.Pretraining(
        encoder(c, c.layersG), encoder(c, c.layersD), c.vocabulary, random=c.random or FASTEST_RANDOM
    )
    draw = np.random.default_rng(c.seed)
    parameters = {n: initial_value(n, s, draw) for n, s in pretrain.parameter_shapes(config).items()}
    scalars = {"loss_weight": np.float32(c.lossWeight)}
    for group, rate in (("generator", 2e-4), ("discriminator", 1.5e-3)):
        scalars |= {f"step_size/{group}": np.float32(rate / 100), f"decay/{group}": np.float32(rate / 1e4)}
    batches = [b | scalars | {"key": np.zeros(2, np.int32)} for b in synthetic_batches(c)]
    state = jax.device_put(parameters)
    del parameters
    state |= pretrain.initial_moments(config, state)

    clock = [time.perf_counter()]
    lowered = jax.jit(pretrain.make_step(config), donate_argnums=0).lower(state, batches[0])
    clock.append(time.perf_counter())
    step = lowered.compile()
    clock.append(time.perf_counter())
    count = 0

    def one():
        """One step with its batch sent and its losses fetched, as the trainer does: milliseconds, losses."""
        nonlocal state, count
        begin = time.perf_counter()
        batch = batches[count % len(batches)] | {"key": np.asarray([c.seed, count], np.int32)}
        state, outputs = step(state, batch)
        jax.block_until_ready((state, outputs))
        losses = {k: float(v) for k, v in outputs.items() if k.startswith("loss/")}
        count += 1
        return (time.perf_counter() - begin) * 1e3, losses

    def run(n):
        timed = [one() for _ in range(n)]
        return {"ms": [ms for ms, _ in timed], "losses": timed[-1][1] if timed else {}}

    first_ms, losses = one()
    trace_ms, compile_ms = (1e3 * (b - a) for a, b in zip(clock, clock[1:]))
    memory = step.memory_analysis()
    device = jax.devices()[0]
    return {
        "peer": f"jax {jax.__version__}",
        "device": f"{device.platform} {device.device_kind}",
        "random": config.random,
        "importMs": import_ms,
        "traceMs": trace_ms,
        "compileMs": compile_ms,
        "firstStepMs": first_ms,
        "losses": losses,
        "parameters": sum(v.size for k, v in state.items() if not k.startswith("optimizer/")),
        "temporaryBytes": memory.temp_size_in_bytes if memory else None,
    }, run


if __name__ == "__main__":
    serve(prepare)
