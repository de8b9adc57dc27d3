"""Losses of features and a kernel, in float64 matrices: vocabularies are too large for decimals.

The logits are all written out, and every formula is that of the plain loss.
"""

import numpy as np
import numpy.typing as npt

from tests.oracles.loops import Array, integer, kept, real

X = npt.ArrayLike


def _column(hyperparameter: X, tokens: int) -> Array:
    """A hyperparameter of tokens as a column beside their logits."""
    return np.broadcast_to(real(hyperparameter), (tokens,))[:, None]


def _logits(
    features: X, kernel: X, bias: X | None, softcap: X | None, temperature: X
) -> tuple[Array, Array]:
    """The logits, and their derivative by features @ kernel + bias."""
    z = real(features) @ real(kernel) + real(0.0 if bias is None else bias)
    slope = np.ones_like(z)
    if softcap is not None:
        cap = _column(softcap, len(z))
        saturation = np.tanh(z / cap)
        z, slope = cap * saturation, 1 - saturation**2
    heat = _column(temperature, len(z))
    return z / heat, slope / heat


def _finite(values: Array) -> Array:
    """The values, 0 for infinities."""
    return np.where(np.isfinite(values), values, 0)


def _log_total(z: Array) -> Array:
    """The log of Σ exp(z) for each token; -inf for none in play."""
    largest = _finite(np.max(z, axis=-1, initial=-np.inf))
    with np.errstate(divide="ignore"):
        return largest + np.log(np.sum(np.exp(z - largest[:, None]), axis=-1))


def _terms(
    features: X,
    kernel: X,
    labels: X,
    bias: X | None,
    where: X | None,
    weights: X | None,
    smoothing: X,
    class_weights: X | None,
    z_loss: X,
    softcap: X | None,
    temperature: X,
) -> tuple[Array, Array]:
    """The terms of the sum, and their derivatives by features @ kernel + bias."""
    z, slope = _logits(features, kernel, bias, softcap, temperature)
    n, classes = z.shape
    y, alive = integer(labels)[:, None], z > -np.inf
    counted = np.any(alive, axis=-1)
    share = alive / np.maximum(np.sum(alive, axis=-1, keepdims=True), 1)
    even, penalty = _column(smoothing, n), _column(z_loss, n)
    mass = (1 - even) * (np.arange(classes) == y) + even * share
    mass *= real(1.0 if class_weights is None else class_weights)
    total = _finite(_log_total(z))[:, None]
    # no mass times a log p of -inf is 0
    log_p = np.where(mass != 0, z - total, 0)
    value = -np.sum(mass * log_p, axis=-1) + (penalty * total**2)[:, 0]
    value = np.where(counted, value, 0)
    p = np.where(alive, np.exp(z - total), 0)
    by_logits = p * np.sum(mass, axis=-1, keepdims=True) - mass + 2 * penalty * total * p
    known = ((y >= 0) & (y < classes))[:, 0]
    value = np.where(known, value, np.nan)
    factor = np.where(kept(where, (n,)), real(1.0 if weights is None else weights), 0)
    value = factor * np.where((factor == 0) & ~np.isfinite(value), 0, value)
    matters = (known & counted & (factor != 0))[:, None]
    return value, np.where(matters, factor[:, None] * by_logits * slope, 0)


def linear_softmax_cross_entropy(
    features: X,
    kernel: X,
    labels: X,
    *,
    bias: X | None = None,
    where: X | None = None,
    weights: X | None = None,
    smoothing: X = 0.0,
    class_weights: X | None = None,
    z_loss: X = 0.0,
    softcap: X | None = None,
    temperature: X = 1.0,
) -> Array:
    """Cross-entropy of each token, times its weight: the terms of the sum.

    A token left out by `where`, or of weight 0, counts 0 whatever its label. The mean is the sum of
    these over the sum of the weights kept.
    """
    return _terms(
        features,
        kernel,
        labels,
        bias,
        where,
        weights,
        smoothing,
        class_weights,
        z_loss,
        softcap,
        temperature,
    )[0]


def linear_softmax_cross_entropy_gradients(
    features: X,
    kernel: X,
    labels: X,
    *,
    bias: X | None = None,
    where: X | None = None,
    weights: X | None = None,
    smoothing: X = 0.0,
    class_weights: X | None = None,
    z_loss: X = 0.0,
    softcap: X | None = None,
    temperature: X = 1.0,
) -> tuple[Array, Array, Array]:
    """Gradients of the sum of `linear_softmax_cross_entropy` by features, kernel and bias.

    With p = softmax(z) and masses q, w q after class weights, the derivative by z_c is
    p_c Σ w q - w_c q_c + 2 z_loss log(Σ exp z) p_c; tanh and temperature follow by the chain rule.
    """
    _, by_score = _terms(
        features,
        kernel,
        labels,
        bias,
        where,
        weights,
        smoothing,
        class_weights,
        z_loss,
        softcap,
        temperature,
    )
    f = np.where(np.any(by_score != 0, axis=-1, keepdims=True), real(features), 0)
    return by_score @ real(kernel).T, f.T @ by_score, np.sum(by_score, axis=0)


def linear_log_probs(
    features: X,
    kernel: X,
    ids: X,
    *,
    bias: X | None = None,
    softcap: X | None = None,
    temperature: X = 1.0,
) -> tuple[Array, Array, Array]:
    """Log p of some classes, the log of Σ exp(z), and -Σ p log p, for each token.

    An id that is none of the classes has a log p of NaN.
    """
    z, _ = _logits(features, kernel, bias, softcap, temperature)
    total, wanted = _log_total(z), integer(ids)
    log_p = z - _finite(total)[:, None]
    p = np.exp(log_p)
    entropy = -np.sum(p * np.where(p > 0, log_p, 0), axis=-1)
    known = (wanted >= 0) & (wanted < z.shape[-1])
    picked = np.take_along_axis(log_p, np.where(known, wanted, 0), axis=-1)
    return np.where(known, picked, np.nan), total, entropy
