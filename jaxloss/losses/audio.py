"""Sound by its samples: how strong a signal is against what is wrong with it.

Signals are on the last axis, which gives one value; channels and sources are batch. Ratios are in
decibels, lower the better. Signals compared by their spectrograms are in `jaxloss.spectral`.
"""

from collections.abc import Callable
from math import log

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Float, Real

from jaxloss.core.assignment import assigned
from jaxloss.core.checks import hyperparameters, of_rows, sets, vectors
from jaxloss.core.numerics import safe_divide


def snr(
    pred: Real[ArrayLike, "*batch samples"],
    target: Real[ArrayLike, "*batch samples"],
    *,
    eps: ArrayLike = 1e-8,
) -> Float[Array, "*batch"]:
    """Reward a signal that is strong against the error of it, in decibels (negative SNR).

    Formula: `-10 * log10((sum(target**2) + eps) / (sum((target - pred)**2) + eps))`.

    Args:
        pred: estimated signals.
        target: true signals.
        eps: energy that is as good as silence, positive; silence taken for silence costs 0.

    Returns:
        One value for each signal.

    Example:
        >>> snr([0.9, 0.0], [1.0, 0.0])
        Array(-20., dtype=float32)

    Reference: Le Roux et al. 2019, arXiv:1811.02508.
    """
    pred, target = vectors(pred=pred, target=target)
    (eps,) = hyperparameters(of_rows(pred), eps=eps)
    return _decibels(_energy(target - pred), _energy(target), eps)


def si_sdr(
    pred: Real[ArrayLike, "*batch samples"],
    target: Real[ArrayLike, "*batch samples"],
    *,
    eps: ArrayLike = 1e-8,
) -> Float[Array, "*batch"]:
    """Reward the share of a signal that is like the true one, at any volume (negative SI-SDR).

    Formula: `-10 * log10((sum(s**2) + eps) / (sum((s - pred)**2) + eps))` with the part of the
    estimate along the target, `s = target * sum(pred * target) / sum(target**2)`, which is 0 of a
    silent target. For signals of mean 0: subtract it before.

    Args:
        pred: estimated signals.
        target: true signals.
        eps: energy that is as good as silence, positive.

    Returns:
        One value for each signal.

    Example:
        >>> si_sdr([2.0, 0.2], [1.0, 0.0])
        Array(-20., dtype=float32)

    Reference: Le Roux et al. 2019, arXiv:1811.02508.
    """
    pred, target = vectors(pred=pred, target=target)
    (eps,) = hyperparameters(of_rows(pred), eps=eps)
    found = _along(pred, target)
    return _decibels(_energy(found - pred), _energy(found), eps)


def sd_sdr(
    pred: Real[ArrayLike, "*batch samples"],
    target: Real[ArrayLike, "*batch samples"],
    *,
    eps: ArrayLike = 1e-8,
) -> Float[Array, "*batch"]:
    """Reward a signal that is like the true one and as loud (negative SD-SDR).

    Formula: `-10 * log10((sum(s**2) + eps) / (sum((target - pred)**2) + eps))` with the part of the
    estimate along the target, `s = target * sum(pred * target) / sum(target**2)`, which is 0 of a
    silent target. Unlike the SI-SDR it counts a wrong volume as distortion; a weak estimate, of
    which little is along the target, costs more than its SNR. For signals of mean 0: subtract it
    before.

    Args:
        pred: estimated signals.
        target: true signals.
        eps: energy that is as good as silence, positive.

    Returns:
        One value for each signal.

    Example:
        >>> sd_sdr([1.0, 0.1], [1.0, 0.0])
        Array(-20., dtype=float32)

    Reference: Le Roux et al. 2019, arXiv:1811.02508.
    """
    pred, target = vectors(pred=pred, target=target)
    (eps,) = hyperparameters(of_rows(pred), eps=eps)
    return _decibels(_energy(target - pred), _energy(_along(pred, target)), eps)


def permutation_invariant(
    pred: Real[ArrayLike, "*batch sources samples"],
    target: Real[ArrayLike, "*batch sources samples"],
    *,
    loss: Callable[..., Array] = si_sdr,
) -> Float[Array, "*batch"]:
    """Reward sources that are told apart, whichever is called the first (PIT).

    Formula: `min_s mean_j loss(pred[s[j]], target[j])` over the permutations `s`: all are tried of
    up to four sources, beyond that it is the Hungarian algorithm.

    Args:
        pred: estimated sources of each mixture.
        target: true sources.
        loss: of two signals.

    Returns:
        One value for each mixture.

    Example:
        >>> permutation_invariant([[0.1, 1.0], [1.0, 0.1]], [[1.0, 0.0], [0.0, 1.0]])
        Array(-20., dtype=float32)

    Reference: Yu et al. 2017, arXiv:1607.00325.
    """
    pred, target = sets(pred=pred, target=target)
    count = pred.shape[-2]
    shape = (*pred.shape[:-1], count, pred.shape[-1])
    costs = loss(
        jnp.broadcast_to(pred[..., :, None, :], shape),
        jnp.broadcast_to(target[..., None, :, :], shape),
    )
    return assigned(costs, jnp.ones(pred.shape[:-1], bool))


def _energy(signal: Array) -> Array:
    return jnp.sum(jnp.square(signal), axis=-1)


def _along(pred: Array, target: Array) -> Array:
    """Part of an estimate that is the target, at some volume."""
    share = safe_divide(jnp.sum(pred * target, axis=-1), _energy(target))
    return share[..., None] * target


def _decibels(error: Array, signal: Array, eps: Array) -> Array:
    return 10 / log(10) * (jnp.log(error + eps) - jnp.log(signal + eps))
