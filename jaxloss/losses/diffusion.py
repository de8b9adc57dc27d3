"""Denoising: predict the noise in an example, the example behind it, or what lies between them.

An example is `x = alpha * data + sigma * noise`. Where the noise level is given as `log_snr`, the
logarithm of the signal-to-noise ratio, the variance is preserved: `alpha**2 = sigmoid(log_snr)` and
`sigma**2 = sigmoid(-log_snr)` (`scales`). Noise levels have the leading axes of the examples, all
others are features; a loss is a mean over these. Levels may be infinite: pure data, pure noise.

Every weighting is a function of `log_snr` here, and means the error in the noise, whatever a model
predicts. Weights are handled by their logarithms, since they meet factors that are as large as they
are small; one larger than `exp(80)` counts as that.
"""

from collections.abc import Callable, Mapping
from typing import Literal, NamedTuple

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Float

from jaxloss.core.checks import along, elementwise, hyperparameters, leading, same_shape
from jaxloss.core.numerics import (
    log_add,
    relu,
    safe_divide,
    safe_log,
    safe_norm,
    softplus,
    trailing_mean,
)

Kind = Literal["noise", "data", "velocity"]
_LARGEST, _FAR = 80.0, 1e30

# Logarithm of the squared error in the noise over that in what is predicted: the two differ by a
# factor, since both belong to one noisy example.
_IN_NOISE: Mapping[str, Callable[[Array], Array]] = {
    "noise": jnp.zeros_like,
    "data": lambda log_snr: log_snr,
    "velocity": lambda log_snr: -softplus(-log_snr),
}


def prediction(
    pred: Float[ArrayLike, "*shape"],
    target: Float[ArrayLike, "*shape"],
    log_snr: Float[ArrayLike, "*batch"],
    *,
    predicts: Kind = "noise",
    log_weight: ArrayLike = 0.0,
) -> Float[Array, "*batch"]:
    """Reward a prediction of noise, data or velocity by the error in the noise that it amounts to.

    Formula: `exp(log_weight) * ratio * mean((pred - target)**2)` with `ratio` 1 for noise, the
    signal-to-noise ratio for data, and `alpha**2` for velocity.

    Args:
        pred: of the model.
        target: the noise, the data, or the velocity `alpha * noise - sigma * data`.
        log_snr: noise level of each example.
        predicts: what the model predicts.
        log_weight: what a weighting of this module gives for `log_snr`; 0 weighs all levels alike.
            For an error that counts as it is, `log_uniform_weight(log_snr, predicts=predicts)`.

    Returns:
        One value for each example.

    Example:
        >>> prediction([[1.0, 2.0], [1.0, 2.0]], [[0.0, 0.0]] * 2, [0.0, 1.0], predicts="velocity")
        Array([1.25  , 1.8276], dtype=float32)

    Reference: Ho et al. 2020, arXiv:2006.11239; Salimans and Ho 2022, arXiv:2202.00512; Kingma and
    Gao 2023, arXiv:2303.00848.
    """
    pred, target = same_shape(pred=pred, target=target)
    (log_snr,) = leading(pred, log_snr=log_snr)
    (log_weight,) = hyperparameters(log_snr, log_weight=log_weight)
    log_ratio = _IN_NOISE[predicts](_bounded(log_snr))
    weight = jnp.exp(jnp.minimum(log_weight + log_ratio, _LARGEST))
    return weight * trailing_mean(jnp.square(pred - target), log_snr.ndim)


def edm(
    pred: Float[ArrayLike, "*shape"],
    data: Float[ArrayLike, "*shape"],
    noise: Float[ArrayLike, "*shape"],
    sigma: Float[ArrayLike, "*batch"],
    *,
    sigma_data: ArrayLike = 0.5,
) -> Float[Array, "*batch"]:
    """Reward a denoiser by its network's error, which is of one size at every noise level (EDM).

    Formula: `mean((pred - (sigma / sigma_data * data - sigma_data * noise) / r)**2)` with
    `r = sqrt(sigma**2 + sigma_data**2)`. With the denoiser `skip * x + out * pred` and
    `x = data + sigma * noise` this is `(r / (sigma * sigma_data))**2 * mean((denoiser - data)**2)`,
    the paper's, without its quotient of two zeros at `sigma = 0`.

    Args:
        pred: what the network gives for `scale * x` and `label`, of `edm_preconditioning`.
        data: examples.
        noise: standard normal noise.
        sigma: its scale, for each example; zero and huge ones are fine.
        sigma_data: standard deviation of the data.

    Returns:
        One value for each example.

    Example:
        >>> edm([[0.0, 0.0]], [[1.0, -1.0]], [[0.5, 0.0]], [0.5])
        Array([1.5625], dtype=float32)

    Reference: Karras et al. 2022, arXiv:2206.00364.
    """
    pred, data, noise = same_shape(pred=pred, data=data, noise=noise)
    (sigma,) = leading(pred, sigma=sigma)
    (spread,) = hyperparameters(sigma, sigma_data=sigma_data)
    spread = jnp.broadcast_to(spread, sigma.shape)
    r = _length(sigma, spread)
    axes = pred.ndim - sigma.ndim
    of_data, of_noise = along(sigma / r, axes), along(spread / r, axes)
    target = of_data * (data / along(spread, axes)) - of_noise * noise
    return trailing_mean(jnp.square(pred - target), sigma.ndim)


class Preconditioning(NamedTuple):
    """What a network's input and output are multiplied by.

    Attributes:
        skip: factor of the noisy example in the denoised one.
        out: factor of what the network gives.
        scale: factor of the noisy example in what the network reads.
        label: noise level as the network reads it.
    """

    skip: Array
    out: Array
    scale: Array
    label: Array


def edm_preconditioning(
    sigma: Float[ArrayLike, "*batch"], *, sigma_data: ArrayLike = 0.5
) -> Preconditioning:
    """Factors by which a network's input, output and target have variance 1 at any noise level.

    Args:
        sigma: scale of the noise; at 0 the label is that of the smallest number there is.
        sigma_data: standard deviation of the data.

    Example:
        >>> edm_preconditioning(0.5).out
        Array(0.3536, dtype=float32)

    Reference: Karras et al. 2022, arXiv:2206.00364.
    """
    sigma, spread = elementwise(sigma=sigma, hyper={"sigma_data": sigma_data})
    spread = jnp.broadcast_to(spread, sigma.shape)
    r = _length(sigma, spread)
    smallest = jnp.finfo(sigma.dtype).tiny
    label = jnp.log(jnp.where(sigma > smallest, sigma, smallest)) / 4
    return Preconditioning(jnp.square(spread / r), sigma * (spread / r), 1 / r, label)


def convert(
    pred: Float[ArrayLike, "*shape"],
    x: Float[ArrayLike, "*shape"],
    alpha: Float[ArrayLike, "*batch"],
    sigma: Float[ArrayLike, "*batch"],
    *,
    given: Kind,
    to: Literal["noise", "data", "velocity", "score"],
) -> Float[Array, "*shape"]:
    """What a prediction of noise, data or velocity says about another of them, or the score.

    Formula: `x = alpha * data + sigma * noise`, `velocity = alpha * noise - sigma * data`,
    `score = -noise / sigma`. What cannot be told is 0: the data where `alpha` is 0, the noise where
    `sigma` is 0.

    Args:
        pred: of the model.
        x: the noisy examples that it read.
        alpha: share of the data in each example.
        sigma: share of the noise.
        given: what the model predicts.
        to: what is wanted.

    Example:
        >>> convert([[1.0]], [[2.0]], [0.8], [0.6], given="velocity", to="data")
        Array([[1.]], dtype=float32)

    Reference: Salimans and Ho 2022, arXiv:2202.00512.
    """
    pred, x = same_shape(pred=pred, x=x)
    alpha, sigma = leading(pred, alpha=alpha, sigma=sigma)
    alpha, sigma = (along(share, pred.ndim - share.ndim) for share in (alpha, sigma))
    if given == "noise":
        noise, data = pred, safe_divide(x - sigma * pred, alpha)
    elif given == "data":
        noise, data = safe_divide(x - alpha * pred, sigma), pred
    else:
        length = jnp.square(alpha) + jnp.square(sigma)
        noise = safe_divide(sigma * x + alpha * pred, length)
        data = safe_divide(alpha * x - sigma * pred, length)
    if to == "noise":
        return noise
    if to == "data":
        return data
    return alpha * noise - sigma * data if to == "velocity" else -safe_divide(noise, sigma)


def scales(
    log_snr: Float[ArrayLike, "*batch"],
) -> tuple[Float[Array, "*batch"], Float[Array, "*batch"]]:
    """Shares of data and noise, `alpha` and `sigma`, whose squares add up to 1.

    Args:
        log_snr: noise levels.

    Example:
        >>> scales(jnp.inf)
        (Array(1., dtype=float32), Array(0., dtype=float32))

    Reference: Kingma et al. 2021, arXiv:2107.00630.
    """
    (log_snr,) = same_shape(log_snr=log_snr)
    log_snr = _bounded(log_snr)
    return jnp.exp(-softplus(-log_snr) / 2), jnp.exp(-softplus(log_snr) / 2)


def cosine_log_snr(
    t: Float[ArrayLike, "*batch"], *, highest: ArrayLike = 15.0, lowest: ArrayLike = -15.0
) -> Float[Array, "*batch"]:
    """Noise levels of the cosine schedule, which leaves out levels that are all but data or noise.

    Formula: `-2 * log(tan(a + t * (b - a)))` with `a = arctan(exp(-highest / 2))` and
    `b = arctan(exp(-lowest / 2))`.

    Args:
        t: time, from 0 (data) to 1 (noise).
        highest: logarithm of the signal-to-noise ratio at 0.
        lowest: the same at 1.

    Example:
        >>> cosine_log_snr([0.0, 0.5, 1.0])
        Array([ 15.,   0., -15.], dtype=float32)

    Reference: Nichol and Dhariwal 2021, arXiv:2102.09672; Kingma and Gao 2023, arXiv:2303.00848.
    """
    t, highest, lowest = elementwise(t=t, hyper={"highest": highest, "lowest": lowest})
    begin, end = (jnp.arctan(jnp.exp(-bound / 2)) for bound in (highest, lowest))
    # The cotangent from its own side: the tangent near its pole would be rounded.
    angle = begin + t * (end - begin)
    rest = jnp.arctan(jnp.exp(lowest / 2)) + (1 - t) * (end - begin)
    return 2 * (jnp.log(jnp.sin(rest)) - jnp.log(jnp.sin(angle)))


def log_uniform_weight(
    log_snr: Float[ArrayLike, "*batch"], *, predicts: Kind = "noise"
) -> Float[Array, "*batch"]:
    """Logarithm of the weight by which the error in what is predicted counts as it is.

    Formula: 0 for noise, `-log_snr` for data, `log(1 + exp(-log_snr))` for velocity (the weighting
    called SNR + 1).

    Args:
        log_snr: noise levels.
        predicts: what the model predicts.

    Example:
        >>> log_uniform_weight(2.0, predicts="data")
        Array(-2., dtype=float32)

    Reference: Salimans and Ho 2022, arXiv:2202.00512.
    """
    (log_snr,) = same_shape(log_snr=log_snr)
    return -_IN_NOISE[predicts](_bounded(log_snr))


def log_truncated_snr_weight(log_snr: Float[ArrayLike, "*batch"]) -> Float[Array, "*batch"]:
    """Logarithm of the weight that is `max(snr, 1)` on the error in the data.

    Formula: `max(0, -log_snr)` on that in the noise.

    Args:
        log_snr: noise levels.

    Example:
        >>> log_truncated_snr_weight([-2.0, 2.0])
        Array([2., 0.], dtype=float32)

    Reference: Salimans and Ho 2022, arXiv:2202.00512.
    """
    (log_snr,) = same_shape(log_snr=log_snr)
    return relu(-_bounded(log_snr))


def log_min_snr_weight(
    log_snr: Float[ArrayLike, "*batch"], *, gamma: ArrayLike = 5.0
) -> Float[Array, "*batch"]:
    """Logarithm of the weight that is `min(snr, gamma)` on the error in the data (Min-SNR).

    Formula: `min(0, log(gamma) - log_snr)` on that in the noise.

    Args:
        log_snr: noise levels.
        gamma: largest weight on the error in the data; positive.

    Example:
        >>> log_min_snr_weight([0.0, 3.0])
        Array([ 0.    , -1.3906], dtype=float32)

    Reference: Hang et al. 2023, arXiv:2303.09556.
    """
    log_snr, gamma = elementwise(log_snr=log_snr, hyper={"gamma": gamma})
    return 0 - relu(_bounded(log_snr) - safe_log(gamma))


def log_p2_weight(
    log_snr: Float[ArrayLike, "*batch"], *, gamma: ArrayLike = 1.0, k: ArrayLike = 1.0
) -> Float[Array, "*batch"]:
    """Logarithm of the weight that leaves out what is too little noise to see (P2).

    Formula: `-gamma * log(k + exp(log_snr))`.

    Args:
        log_snr: noise levels.
        gamma: strength; 0 weighs all levels alike.
        k: signal-to-noise ratio around which the weight begins to fall.

    Example:
        >>> log_p2_weight([0.0, 3.0])
        Array([-0.6931, -3.0486], dtype=float32)

    Reference: Choi et al. 2022, arXiv:2204.00227.
    """
    log_snr, gamma, k = elementwise(log_snr=log_snr, hyper={"gamma": gamma, "k": k})
    log_snr = _bounded(log_snr)
    return -gamma * log_add(safe_log(jnp.broadcast_to(k, log_snr.shape)), log_snr)


def log_sigmoid_weight(
    log_snr: Float[ArrayLike, "*batch"], *, bias: ArrayLike = 2.0
) -> Float[Array, "*batch"]:
    """Logarithm of the weight that falls, as a logistic function, where there is little noise.

    Formula: `log(sigmoid(bias - log_snr))`.

    Args:
        log_snr: noise levels.
        bias: level at which the weight is one half.

    Example:
        >>> log_sigmoid_weight([0.0, 2.0])
        Array([-0.1269, -0.6931], dtype=float32)

    Reference: Kingma and Gao 2023, arXiv:2303.00848.
    """
    log_snr, bias = elementwise(log_snr=log_snr, hyper={"bias": bias})
    return -softplus(_bounded(log_snr) - bias)


def log_edm_weight(
    log_snr: Float[ArrayLike, "*batch"], *, sigma_data: ArrayLike = 0.5
) -> Float[Array, "*batch"]:
    """Logarithm of the weight that EDM gives to the error in the noise.

    Formula: `log(1 + exp(-log_snr) / sigma_data**2)`.

    Args:
        log_snr: noise levels; `-2 * log(sigma)` of EDM's.
        sigma_data: standard deviation of the data.

    Example:
        >>> log_edm_weight([0.0, 3.0])
        Array([1.6094, 0.1816], dtype=float32)

    Reference: Karras et al. 2022, arXiv:2206.00364; Kingma and Gao 2023, arXiv:2303.00848.
    """
    log_snr, spread = elementwise(log_snr=log_snr, hyper={"sigma_data": sigma_data})
    return softplus(-_bounded(log_snr) - 2 * safe_log(spread))


def _bounded(log_snr: Array) -> Array:
    """Infinite levels as finite ones, which cancel as they should."""
    return jnp.clip(log_snr, -_FAR, _FAR)


def _length(x: Array, y: Array) -> Array:
    return safe_norm(jnp.stack([x, y], axis=-1))
