"""What every peer of `npm run bench -- step` shares: the protocol, the synthetic batches, the configuration.

One JSON command a line on stdin, one JSON answer a line on stdout:
  {"cmd": "prepare", ...Config fields}  compiles and runs one step -> traceMs, compileMs, firstStepMs, peakRssBytes, ...
  {"cmd": "steps", "n": k}              runs k steps, each waited for -> ms [k], losses of the last step
  {"cmd": "memory"}                     -> peakRssBytes
  {"cmd": "exit"}
A command that fails answers {"error": "..."} and the process goes on.
"""

import json
import sys
from dataclasses import dataclass, fields

import numpy as np

BATCHES = 4


@dataclass(frozen=True)
class Config:
    """The decoupled-optim step; defaults are the benchmark's."""

    vocabulary: int = 8192
    hidden: int = 256
    heads: int = 4
    ffn: int = 1024
    layersD: int = 4
    layersG: int = 4
    batch: int = 16
    length: int = 128
    selections: int = 20
    dropout: float = 0.1
    precision: str = "f32"  # f32 | bf16
    buckets: int = 32
    maxDistance: int = 128
    bucketForm: str = "t5"  # t5 | metro
    admin: bool = False
    lossWeight: float = 50.0
    seed: int = 1
    random: str = ""  # the peer's random numbers; '' is its fastest
    compile: bool = True  # PyTorch: torch.compile, or eager

    def __post_init__(self):
        if self.precision not in ("f32", "bf16"):
            raise ValueError(f"precision: {self.precision!r} is not allowed (allowed: f32, bf16)")
        if self.hidden % self.heads:
            raise ValueError(f"hidden: {self.hidden} is not a multiple of heads ({self.heads})")


def parse_config(command):
    known = {f.name for f in fields(Config)}
    unknown = sorted(set(command) - known - {"cmd"})
    if unknown:
        raise ValueError(f"unknown field {unknown[0]} (known: {', '.join(sorted(known))})")
    return Config(**{k: v for k, v in command.items() if k in known})


def synthetic_batches(c):
    """A few random batches without padding: int32 tokens, masked [B, S], positions [B, M], slot [B, S], length [B]."""
    draw = np.random.default_rng(c.seed)
    batches = []
    for _ in range(BATCHES):
        tokens = draw.integers(5, c.vocabulary, (c.batch, c.length), dtype=np.int32)
        order = np.argsort(draw.random((c.batch, c.length)), axis=1)[:, : c.selections]
        positions = np.sort(order, axis=1).astype(np.int32)
        slot = np.full((c.batch, c.length), -1, np.int32)
        np.put_along_axis(slot, positions, np.arange(positions.size, dtype=np.int32).reshape(positions.shape), 1)
        masked = np.where(slot >= 0, np.int32(4), tokens)
        batches.append({
            "tokens": tokens,
            "masked": masked,
            "positions": positions,
            "slot": slot,
            "length": np.full(c.batch, c.length, np.int32),
            "weights": np.ones(positions.shape, np.float32),
        })
    return batches


def initial_value(name, shape, draw):
    """N(0, 0.02) for matrices, 1 for scales and omegas, 0 for biases; float32."""
    if name.endswith(("/scale", "/omega")):
        return np.ones(shape, np.float32)
    if name.endswith("/bias"):
        return np.zeros(shape, np.float32)
    return (0.02 * draw.standard_normal(shape)).astype(np.float32)


def peak_rss_bytes():
    """High-water mark of this process's resident memory (Linux)."""
    with open("/proc/self/status") as status:
        line = next(line for line in status if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


def serve(prepare):
    """Answers commands until exit or the end of stdin. `prepare(config)` gives (figures, run); `run(n)` gives figures."""
    run = None
    for line in sys.stdin:
        try:
            command = json.loads(line)
            match command.get("cmd"):
                case "prepare":
                    figures, run = prepare(parse_config(command))
                    answer = figures | {"peakRssBytes": peak_rss_bytes()}
                case "steps" if run is None:
                    answer = {"error": "steps: prepare first"}
                case "steps":
                    answer = run(int(command["n"]))
                case "memory":
                    answer = {"peakRssBytes": peak_rss_bytes()}
                case "exit":
                    return
                case other:
                    answer = {"error": f"cmd: {other!r} is not known (known: prepare, steps, memory, exit)"}
        except Exception as error:  # the driver decides what a failed command means
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), flush=True)
