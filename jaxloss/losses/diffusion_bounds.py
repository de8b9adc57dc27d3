"""What likelihood a diffusion model bounds: steps whose variance is learned, and steps of tokens.

A sum of steps, from pure noise to all but the data, is a bound on the negative log-likelihood; one
step drawn at random, times their number, has it for a mean.
"""

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Float, Int

from jaxloss.core.checks import along, labels as check_labels, leading, promote, same_shape
from jaxloss.core.numerics import (
    exp_residual,
    known,
    log_softmax,
    logsumexp,
    pick,
    safe_log,
    softplus,
    trailing_mean,
)

_LARGEST, _FAR = 80.0, 1e30


def learned_variance(
    pred: Float[ArrayLike, "*shape"],
    noise: Float[ArrayLike, "*shape"],
    fraction: Float[ArrayLike, "*shape"],
    log_snr: Float[ArrayLike, "*batch"],
    next_log_snr: Float[ArrayLike, "*batch"],
) -> Float[Array, "*batch"]:
    """Reward a step of denoising for its mean and for its variance (the bound of improved DDPM).

    Formula: `mean(expm1(-fraction * r) + fraction * r + exp(-fraction * r) * expm1(next_log_snr -
    log_snr) * (pred - noise)**2) / 2` with `r = log(sigma**2 / next_sigma**2)`: the divergence of
    the true step back, given the data, from the model's, whose log-variance is `fraction` of the
    way from the least that it can be to the most. Variances are preserved, `sigma**2 =
    sigmoid(-log_snr)`.

    The paper learns `pred` by its squared error alone, and holds it constant here:
    `learned_variance(lax.stop_gradient(pred), ...)`.

    Args:
        pred: noise that the model predicts.
        noise: the true noise.
        fraction: of the model, 0 to 1; half of one more than an output from -1 to 1.
        log_snr: noise level before the step of each example, a log signal-to-noise ratio.
        next_log_snr: that after it, at least as large, and finite: the last step, to the data, has
            another likelihood.

    Returns:
        One value for each example, in nats for each feature; 0 for levels that are equal. Ratios of
        signal to noise that grow by more than `exp(80)` count as that.

    Example:
        >>> learned_variance([[1.0, 0.0]], [[0.0, 0.0]], [[0.5, 0.0]], [0.0], [1.0])
        Array([0.3259], dtype=float32)

    Reference: Nichol and Dhariwal 2021, arXiv:2102.09672.
    """
    pred, noise, fraction = same_shape(pred=pred, noise=noise, fraction=fraction)
    before, after = leading(pred, log_snr=log_snr, next_log_snr=next_log_snr)
    before, after = jnp.clip(before, -_FAR, _FAR), jnp.clip(after, -_FAR, _FAR)
    axes = pred.ndim - before.ndim
    wider = fraction * along(softplus(after) - softplus(before), axes)
    clearer = along(jnp.expm1(jnp.minimum(after - before, _LARGEST)), axes)
    cost = exp_residual(-wider) + jnp.exp(-wider) * clearer * jnp.square(pred - noise)
    return trailing_mean(cost, before.ndim) / 2


def d3pm(
    logits: Float[ArrayLike, "*batch classes"],
    labels: Int[ArrayLike, "*batch"],
    arrival: Float[ArrayLike, "*batch classes"],
    before: Float[ArrayLike, "*batch classes classes"],
) -> Float[Array, "*batch"]:
    """Reward a step of denoising tokens for going where the true one goes (D3PM).

    Formula: `sum(true * log(true / model))` with `true = arrival * before[labels]` and `model =
    arrival * (softmax(logits) @ before)`, each divided by its sum: the divergence of the true step
    back, given the token, from the model's. The hybrid loss of the paper adds 0.001 times
    `jaxloss.classification.softmax_cross_entropy(logits, labels)`.

    Args:
        logits: scores of the classes of the token without noise.
        labels: its true class.
        arrival: probability of the noisy token at hand from each class one step less noisy: a
            column of that step's transition matrix.
        before: probabilities `[i, j]` of class `j` one step less noisy, from the token `i` without
            noise: the product of all transition matrices so far.

    Returns:
        One value for each token, in nats; 0 where the noisy token is impossible, NaN with gradient
        0 for a label outside `[0, classes)`.

    Raises:
        ValueError: for shapes that do not fit.

    Example:
        >>> d3pm([0.0, 0.0], 1, arrival=[0.5, 0.5], before=[[0.75, 0.25], [0.25, 0.75]])
        Array(0.1308, dtype=float32)

    Reference: Austin et al. 2021, arXiv:2107.03006.
    """
    logits, labels = check_labels(logits, labels)
    arrival, before = (
        array.astype(logits.dtype) for array in promote(arrival=arrival, before=before)
    )
    for name, given, shape in (
        ("arrival", arrival, logits.shape),
        ("before", before, (*logits.shape, logits.shape[-1])),
    ):
        if given.shape != shape:
            raise ValueError(
                f"expected `{name}` of shape {shape} for `logits` of shape {logits.shape}, "
                f"got {given.shape}"
            )
    # Columns last: sums over the token without noise.
    columns = safe_log(jnp.swapaxes(before, -1, -2))
    reached = logsumexp(log_softmax(logits)[..., None, :] + columns)
    index = jnp.broadcast_to(labels[..., None], arrival.shape)
    meant, evidence = pick(columns, index), safe_log(arrival)
    level, model_level = logsumexp(evidence + meant), logsumexp(evidence + reached)
    some = level > -jnp.inf
    log_true = evidence + meant - jnp.where(some, level, 0)[..., None]
    there = log_true > -jnp.inf
    apart = jnp.where(there, meant, 0) - jnp.where(there, reached, 0)
    cost = jnp.sum(jnp.exp(log_true) * apart, axis=-1)
    value = jnp.where(some, cost - jnp.where(some, level, 0) + jnp.where(some, model_level, 0), 0)
    return known(value, labels, logits.shape[-1])
