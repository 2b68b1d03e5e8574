"""Random numbers of one training step: those of docs/model.md bit for bit, or JAX's own generators."""

import jax
import jax.numpy as jnp

ROTATIONS = ((13, 15, 26, 6), (17, 29, 16, 24))
PARITY = 0x1BD11BDA
USES_PER_MICRO_BATCH = 65536


def threefry(key, counter):
    """Threefry-2x32, 20 rounds (Salmon et al. 2011). key and counter: pairs of uint32 arrays or numbers."""
    keys = [jnp.asarray(k, jnp.uint32) for k in key]
    keys.append(keys[0] ^ keys[1] ^ jnp.uint32(PARITY))
    x, y = (jnp.asarray(c, jnp.uint32) + k for c, k in zip(counter, keys))
    for group in range(5):
        for by in ROTATIONS[group % 2]:
            x = x + y
            y = x ^ ((y << by) | (y >> (32 - by)))
        x = x + keys[(group + 1) % 3]
        y = y + keys[(group + 2) % 3] + jnp.uint32(group + 1)
    return x, y


def step_key(seed, step):
    """The key of one step of a run: uint32 [2]."""
    return jnp.stack(threefry((seed, 0), (step, 0)))


class ExactStream:
    """The uniform numbers of docs/model.md. Uses are counted while the step is traced."""

    def __init__(self, key, micro_batch=0):
        """key: int32 or uint32 [2]."""
        self.key = jax.lax.bitcast_convert_type(jnp.asarray(key), jnp.uint32)
        self.use = USES_PER_MICRO_BATCH * micro_batch

    def uniform(self, shape):
        """float32 in [0, 1), 24 bits."""
        counter = jax.lax.iota(jnp.uint32, _size(shape)).reshape(shape)
        x, y = threefry((self.key[0], self.key[1]), (counter, self.use))
        self.use += 1
        return ((x ^ y) >> 8).astype(jnp.float32) * jnp.float32(2**-24)


class LibraryStream:
    """The same stream from jax.random; `impl` is one of its generators: threefry2x32, rbg, unsafe_rbg."""

    def __init__(self, key, impl):
        words = jax.lax.bitcast_convert_type(jnp.asarray(key), jnp.uint32)
        self.key = jax.random.wrap_key_data(words if impl == "threefry2x32" else jnp.tile(words, 2), impl=impl)
        self.use = 0

    def uniform(self, shape):
        key = jax.random.fold_in(self.key, self.use)
        self.use += 1
        return jax.random.uniform(key, shape, jnp.float32)


def random_stream(impl, key):
    return ExactStream(key) if impl == "exact" else LibraryStream(key, impl)


def dropout(stream, x, rate):
    """Keeps an element when its uniform is >= rate and divides by 1 - rate. Draws nothing at rate 0 or without a stream."""
    if stream is None or rate == 0:
        return x
    return jnp.where(stream.uniform(x.shape) >= rate, x / (1 - rate), 0)


def categorical(stream, logits):
    """A draw from softmax(logits) per row by the Gumbel-max trick: logits [N, V] -> int32 [N]."""
    uniform = jnp.maximum(stream.uniform(logits.shape), 2**-25).astype(logits.dtype)
    noise = -jnp.log(-jnp.log(uniform))
    return argmax(logits + noise)


def argmax(x):
    """First index of each row's largest value, by two plain reductions: jnp.argmax's pairwise one is 40 ms slower at
    [320, 8192] on a CPU."""
    x = jax.lax.optimization_barrier(x)
    columns = jax.lax.broadcasted_iota(jnp.int32, x.shape, 1)
    largest = x == x.max(axis=-1, keepdims=True)
    return jnp.min(jnp.where(largest, columns, x.shape[1] - 1), axis=-1)


def _size(shape):
    size = 1
    for n in shape:
        size *= n
    return size
