"""Preferences and policies from the hidden states of a language model."""

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import Array

import jaxloss as jl
from benchmarks.cases import Arrays, Case, Entry, Generator, Ours

BETA, CLIP, DRIFT = 0.1, 0.2, 0.04
"""Of DPO, and of GRPO the clip of its ratios and the weight of the divergence."""


def answers(*, count: int, tokens: int, features: int, vocabulary: int, dtype: str) -> list[Case]:
    """DPO and GRPO, gradients in the hidden states and in the kernel of the head.

    Args:
        count: answers; of DPO, half of them are chosen and half rejected.
        tokens: of each answer.
        features: of the hidden states.
        vocabulary: of the head.
        dtype: of hidden states and kernel.
    """

    def draw(rng: Generator) -> Arrays:
        kernel = rng.standard_normal((features, vocabulary), np.float32)
        return [
            rng.standard_normal((count, tokens, features), np.float32),
            kernel / np.float32(features**0.5),
            rng.integers(0, vocabulary, (count, tokens)).astype(np.int32),
        ]

    def of_reference(rng: Generator) -> Arrays:
        reference = rng.normal(-np.log(vocabulary) * tokens, 1.0, count)
        return [*draw(rng), reference.astype(np.float32)]

    def of_policy(rng: Generator) -> Arrays:
        log_p = rng.normal(-np.log(vocabulary), 1.0, (2, count, tokens)).astype(np.float32)
        return [*draw(rng), *log_p, rng.standard_normal(count, np.float32)]

    sizes = {"answers": count, "tokens": tokens, "features": features, "vocabulary": vocabulary}
    return [
        Case(
            "preference.dpo",
            sizes,
            of_reference,
            (
                Entry("jaxloss plain", lambda *arrays: _dpo(_whole, *arrays)),
                Entry("jaxloss", lambda *arrays: _dpo(_fused_whole, *arrays)),
                Entry("torch", _torch_dpo, "torch"),
                Entry("torch.compile", _torch_dpo, "torch.compile"),
            ),
            (0, 1),
            dtype,
        ),
        Case(
            "policy.ppo_clip",
            sizes,
            of_policy,
            (
                Entry("jaxloss plain", lambda *arrays: _grpo(_each, *arrays)),
                Entry("jaxloss", lambda *arrays: _grpo(_fused_each, *arrays)),
                Entry("torch", _torch_grpo, "torch"),
                Entry("torch.compile", _torch_grpo, "torch.compile"),
            ),
            (0, 1),
            dtype,
        ),
    ]


def _logits(features: Array, kernel: Array) -> Array:
    return jnp.matmul(features, kernel, preferred_element_type=jnp.float32)


def _whole(features: Array, kernel: Array, ids: Array) -> Array:
    """Log-probability of each answer, all logits at once."""
    return jl.completions.log_probs(_logits(features, kernel), ids)


def _fused_whole(features: Array, kernel: Array, ids: Array) -> Array:
    return Ours("fused.linear_completions").find()(features, kernel, ids)


def _each(features: Array, kernel: Array, ids: Array) -> Array:
    """Log-probability of each token, all logits at once."""
    return -jl.classification.softmax_cross_entropy(_logits(features, kernel), ids)


def _fused_each(features: Array, kernel: Array, ids: Array) -> Array:
    found = Ours("fused.linear_log_probs").find()(features, kernel, ids[..., None])
    return found.log_probs[..., 0]


def _dpo(
    log_probs: Callable[..., Array], features: Array, kernel: Array, ids: Array, reference: Array
) -> Array:
    chosen, rejected = jnp.split(log_probs(features, kernel, ids), 2)
    return jnp.mean(jl.preference.dpo(chosen, rejected, *jnp.split(reference, 2), beta=BETA))


def _grpo(
    log_probs: Callable[..., Array],
    features: Array,
    kernel: Array,
    ids: Array,
    old: Array,
    reference: Array,
    advantages: Array,
) -> Array:
    log_p = log_probs(features, kernel, ids)
    spread = jnp.broadcast_to(advantages[:, None], log_p.shape)
    gain = jl.policy.ppo_clip(log_p, old, spread, low=CLIP, high=CLIP)
    return jnp.mean(gain + DRIFT * jl.policy.kl_k3(log_p, reference))


def _torch_each(torch: Any, features: Any, kernel: Any, ids: Any) -> Any:
    logits = (features @ kernel).float()
    return torch.gather(logits.log_softmax(-1), -1, ids.long()[..., None])[..., 0]


def _torch_dpo(torch: Any, features: Any, kernel: Any, ids: Any, reference: Any) -> Any:
    lead = _torch_each(torch, features, kernel, ids).sum(-1) - reference
    chosen, rejected = lead.chunk(2)
    return -torch.nn.functional.logsigmoid(BETA * (chosen - rejected)).mean()


def _torch_grpo(
    torch: Any, features: Any, kernel: Any, ids: Any, old: Any, reference: Any, advantages: Any
) -> Any:
    log_p = _torch_each(torch, features, kernel, ids)
    ratio, gains = (log_p - old).exp(), advantages[:, None]
    clipped = ratio.clamp(1 - CLIP, 1 + CLIP)
    drift = reference - log_p
    k3 = drift.exp() - 1 - drift
    return (-torch.minimum(ratio * gains, clipped * gains) + DRIFT * k3).mean()
