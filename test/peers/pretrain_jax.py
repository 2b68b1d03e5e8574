"""One pretraining step of docs/model.md in JAX: decoupled or joint, Adam, global-norm clipping.

State is one flat dict: parameters, then optimizer/GROUP/m/PARAMETER and optimizer/GROUP/v/PARAMETER.
"""

from dataclasses import dataclass

import jax
import jax.numpy as jnp

import electra_jax as electra
from parameters import SHARED_WORD, Encoder, encoder_shapes, mlm_shapes, rtd_shapes
from random_jax import categorical, random_stream


@dataclass(frozen=True)
class Adam:
    beta1: float = 0.9
    beta2: float = 0.98
    epsilon: float = 1e-6
    clip_norm: float | None = 2.0
    decay_vectors: bool = True  # False: only parameters of rank 2 decay


@dataclass(frozen=True)
class Pretraining:
    generator: Encoder
    discriminator: Encoder
    vocabulary: int
    joint: bool = False  # one optimizer over everything
    shared: bool = False  # one word table, shared/embeddings/word
    adam: Adam = Adam()
    random: str = "exact"  # or a generator of jax.random


def parameter_shapes(config):
    g, d, v = config.generator, config.discriminator, config.vocabulary
    generator = encoder_shapes("generator", g, v, config.shared) | mlm_shapes("generator", g, v)
    discriminator = encoder_shapes("discriminator", d, v, config.shared) | rtd_shapes("discriminator", d)
    return generator | discriminator


def groups(config):
    """Optimizer group -> names of its parameters."""
    names = list(parameter_shapes(config))
    if config.joint:
        return {"joint": names}
    return {g: [n for n in names if n.startswith(f"{g}/")] for g in ("generator", "discriminator")}


def initial_moments(config, parameters):
    return {
        f"optimizer/{group}/{moment}/{name}": jnp.zeros_like(parameters[name])
        for group, names in groups(config).items()
        for name in names
        for moment in "mv"
    }


def make_step(config):
    """(state, batch) -> (state, outputs); batch as docs/model.md, one pretraining step, lists it."""

    def step(state, batch):
        stream = random_stream(config.random, batch["key"])
        parameters = {n: state[n] for n in parameter_shapes(config)}
        word = SHARED_WORD if config.shared else None
        weight = batch["loss_weight"]

        def generator_loss(p):
            hidden = electra.encode(p, "generator", config.generator, batch["masked"], batch["length"], stream, word)
            logits = electra.mlm_logits(p, "generator", config.generator, hidden, batch["positions"], word)
            targets = jnp.take_along_axis(batch["tokens"], batch["positions"], axis=1).reshape(-1)
            return electra.mlm_loss(logits, targets, batch["weights"].reshape(-1)), logits

        def corrupt(logits):
            sampled = categorical(stream, jax.lax.stop_gradient(logits))
            slot = batch["slot"]
            return jnp.where(slot >= 0, sampled[jnp.maximum(slot, 0)], batch["tokens"])

        def discriminator_loss(p, corrupted):
            labels = corrupted != batch["tokens"]
            hidden = electra.encode(p, "discriminator", config.discriminator, corrupted, batch["length"], stream, word)
            logits = electra.rtd_logits(p, "discriminator", config.discriminator, hidden)
            return electra.rtd_loss(logits, labels, batch["length"])

        def joint_loss(p):
            loss_g, logits = generator_loss(p)
            corrupted = corrupt(logits)
            loss_d = discriminator_loss(p, corrupted)
            return loss_g + weight * loss_d, (loss_g, loss_d, corrupted)

        def weighted_discriminator_loss(p, corrupted):
            loss = discriminator_loss(p, corrupted)
            return weight * loss, loss

        names = groups(config)
        if config.joint:
            (_, (loss_g, loss_d, corrupted)), gradients = jax.value_and_grad(joint_loss, has_aux=True)(parameters)
            updates = {"joint": gradients}
        else:
            part = {g: {n: parameters[n] for n in names[g]} for g in names}
            (loss_g, logits), g_grads = jax.value_and_grad(generator_loss, has_aux=True)(part["generator"])
            corrupted = corrupt(logits)
            d_grad = jax.value_and_grad(weighted_discriminator_loss, has_aux=True)
            (_, loss_d), d_grads = d_grad(part["discriminator"], corrupted)
            updates = {"generator": g_grads, "discriminator": d_grads}

        outputs = {"loss/generator": loss_g, "loss/discriminator": loss_d, "corrupted": corrupted}
        new = {}
        for group, gradients in updates.items():
            scale, outputs[f"norm/{group}"] = clip_scale(gradients, config.adam.clip_norm)
            for name, gradient in gradients.items():
                new |= adam(config.adam, group, name, state, gradient * scale, batch)
        return new, outputs

    return step


def clip_scale(gradients, clip_norm):
    norm = jnp.sqrt(sum(jnp.sum(jnp.square(g)) for g in gradients.values()))
    return (1.0 if clip_norm is None else jnp.minimum(1.0, clip_norm / (norm + 1e-6))), norm


def adam(c, group, name, state, gradient, batch):
    """fairseq's Adam; the host gives step_size = lr * sqrt(1 - b2^t) / (1 - b1^t) and decay = lr * weightDecay."""
    m_name, v_name = f"optimizer/{group}/m/{name}", f"optimizer/{group}/v/{name}"
    m = c.beta1 * state[m_name] + (1 - c.beta1) * gradient
    v = c.beta2 * state[v_name] + (1 - c.beta2) * jnp.square(gradient)
    p = state[name]
    if c.decay_vectors or p.ndim >= 2:
        p = p - batch[f"decay/{group}"] * p
    p = p - batch[f"step_size/{group}"] * m / (jnp.sqrt(v) + c.epsilon)
    return {name: p, m_name: m, v_name: v}
