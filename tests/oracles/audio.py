"""Losses of samples: ratios of energies, all permutations."""

import itertools
from collections.abc import Callable

import numpy as np
import numpy.typing as npt

from tests.oracles.loops import Array, real

X = npt.ArrayLike


def _energy(signal: Array) -> Array:
    return np.sum(signal**2, axis=-1)


def snr(pred: X, target: X, *, eps: X) -> Array:
    """-10 log₁₀ of the energy of the target over that of the error."""
    x, y = real(pred), real(target)
    return -10 * np.log10((_energy(y) + real(eps)) / (_energy(y - x) + real(eps)))


def si_sdr(pred: X, target: X, *, eps: X = 1e-8) -> Array:
    """-10 log₁₀ of the energy of the projection over that of the rest."""
    x, y = real(pred), real(target)
    energy = _energy(y)
    scale = np.sum(x * y, axis=-1) / np.where(energy > 0, energy, 1)
    found = scale[..., None] * y
    return -10 * np.log10((_energy(found) + real(eps)) / (_energy(found - x) + real(eps)))


def sd_sdr(pred: X, target: X, *, eps: X) -> Array:
    """-10 log₁₀ of the energy of the projection over that of the whole error."""
    x, y = real(pred), real(target)
    energy = _energy(y)
    scale = np.sum(x * y, axis=-1) / np.where(energy > 0, energy, 1)
    return -10 * np.log10((scale**2 * energy + real(eps)) / (_energy(y - x) + real(eps)))


def permutation_invariant(pred: X, target: X, *, loss: Callable[..., Array] = si_sdr) -> Array:
    """The least mean over all permutations."""
    x, y = real(pred), real(target)
    orders = itertools.permutations(range(x.shape[-2]))
    return np.min([np.mean(loss(x[..., list(order), :], y), axis=-1) for order in orders], axis=0)
