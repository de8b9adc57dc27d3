"""Losses of all pairs that sorting, or a smaller matrix, makes cheap."""

from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from benchmarks.cases import Arrays, Case, Entry, Generator, Ours


def by_sorting(size: int) -> list[Case]:
    """Losses of pairs that sorting, or a smaller matrix, makes cheap.

    Args:
        size: scores of a list, and columns of the embeddings.
    """

    def scores(rng: Generator) -> Arrays:
        return [rng.standard_normal(size, np.float32), _bits(rng, size)]

    def ensembles(rng: Generator) -> Arrays:
        members = max(2, size // 8)
        return [
            rng.standard_normal((64, members), np.float32),
            rng.standard_normal(64, np.float32),
        ]

    def survival(rng: Generator) -> Arrays:
        # No two times alike: where there are ties, the plain form is another estimator.
        times = rng.permutation(size).astype(np.float32)
        return [rng.standard_normal(size, np.float32), times, _bits(rng, size)]

    def embeddings(rng: Generator) -> Arrays:
        return [rng.standard_normal((256, size), np.float32)]

    def case(
        name: str,
        sizes: Mapping[str, int],
        draw: Callable[[Generator], Arrays],
        plain: Callable[..., Array],
    ) -> Case:
        return Case(name, sizes, draw, (Entry("plain", plain), Entry("jaxloss", Ours(name))))

    members = {"forecasts": 64, "members": max(2, size // 8)}
    return [
        case("auc.squared_hinge", {"scores": size}, scores, _plain_auc),
        case("scoring.crps_ensemble", members, ensembles, _plain_crps),
        case("survival.cox", {"subjects": size}, survival, _plain_cox),
        case(
            "contrastive.covariance_penalty",
            {"rows": 256, "features": size},
            embeddings,
            _plain_covariance,
        ),
    ]


def _plain_auc(scores: Array, bits: Array) -> Array:
    pairs = bits[:, None] * (1 - bits[None, :])
    lack = jnp.maximum(0, 1 - (scores[:, None] - scores[None, :]))
    return jnp.sum(pairs * lack**2) / jnp.sum(pairs)


def _plain_crps(pred: Array, target: Array) -> Array:
    error = jnp.mean(jnp.abs(pred - target[:, None]), -1)
    apart = jnp.mean(jnp.abs(pred[:, :, None] - pred[:, None, :]), (-2, -1))
    return jnp.mean(error - apart / 2)


def _plain_cox(log_hazard: Array, time: Array, event: Array) -> Array:
    at_risk = time[None, :] >= time[:, None]
    risk = jax.nn.logsumexp(jnp.where(at_risk, log_hazard[None, :], -jnp.inf), -1)
    return jnp.sum(event * (risk - log_hazard)) / jnp.sum(event)


def _plain_covariance(embeddings: Array) -> Array:
    count, dim = embeddings.shape
    centred = embeddings - jnp.mean(embeddings, 0)
    covariance = centred.T @ centred / (count - 1)
    return (jnp.sum(covariance**2) - jnp.sum(jnp.diagonal(covariance) ** 2)) / dim


def _bits(rng: Generator, size: int) -> Any:
    return rng.integers(0, 2, size).astype(np.float32)
