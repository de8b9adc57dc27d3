"""Codes that keep what matters: variational autoencoders, and vectors chosen from a codebook.

A normal posterior is given by `mean` and `log_variance`, latents on the last axis; nats everywhere.
"""

from math import log

import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Float, Int

from jaxloss.core.checks import (
    hyperparameters,
    leading,
    of_rows,
    same_shape,
    samples,
    sets,
    vectors,
)
from jaxloss.core.numerics import exp_residual, logsumexp, relu, streamed
from jaxloss.core.pairs import squared_distances


def kl_normal(
    mean: Float[ArrayLike, "*shape"], log_variance: Float[ArrayLike, "*shape"]
) -> Float[Array, "*shape"]:
    """Reward a normal posterior for being the standard normal prior.

    Formula: `(mean**2 + exp(log_variance) - 1 - log_variance) / 2`, the Kullback-Leibler divergence
    of each latent; accurate also near 0.

    Args:
        mean: of the posterior.
        log_variance: logarithm of its variance.

    Example:
        >>> kl_normal([0.0, 2.0], [0.0, 1.0])
        Array([0.    , 2.3591], dtype=float32)

    Reference: Kingma and Welling 2014, arXiv:1312.6114.
    """
    mean, log_variance = same_shape(mean=mean, log_variance=log_variance)
    return _kl(mean, log_variance)


def elbo(
    mean: Float[ArrayLike, "*batch latents"],
    log_variance: Float[ArrayLike, "*batch latents"],
    log_likelihood: Float[ArrayLike, "*batch"],
    *,
    beta: ArrayLike = 1.0,
) -> Float[Array, "*batch"]:
    """Reward codes that examples can be rebuilt from and that tell little: the negative bound.

    Formula: `beta * sum(kl_normal(mean, log_variance)) - log_likelihood`: the evidence lower bound
    with `beta = 1`, beta-VAE with more.

    Args:
        mean: of the posterior.
        log_variance: logarithm of its variance.
        log_likelihood: of the example given a code drawn from the posterior, summed over its
            entries: a mean in its place would make `beta` depend on their number.
        beta: price of what the code tells.

    Returns:
        One value for each example.

    Example:
        >>> elbo([[0.0, 2.0]], [[0.0, 1.0]], [-1.5], beta=4.0)
        Array([10.9366], dtype=float32)

    Reference: Kingma and Welling 2014, arXiv:1312.6114; Higgins et al. 2017, "beta-VAE".
    """
    mean, log_variance = vectors(mean=mean, log_variance=log_variance)
    (log_likelihood,) = leading(mean, log_likelihood=log_likelihood)
    if log_likelihood.ndim != mean.ndim - 1:
        raise ValueError(
            f"expected `log_likelihood` of shape {mean.shape[:-1]}, got {log_likelihood.shape}"
        )
    (beta,) = hyperparameters(of_rows(mean), beta=beta)
    return beta * jnp.sum(_kl(mean, log_variance), axis=-1) - log_likelihood


def free_bits(
    mean: Float[ArrayLike, "*batch n latents"],
    log_variance: Float[ArrayLike, "*batch n latents"],
    *,
    free: ArrayLike = 0.5,
) -> Float[Array, "*batch"]:
    """Reward a posterior for being the prior, once it tells more than comes for free.

    Formula: `sum_j(max(free, mean_i(kl_normal(mean[i, j], log_variance[i, j]))))`: the mean over
    the examples comes first, so that a latent is free on average; gradient 0 where it is.

    Args:
        mean: of the posteriors of a batch of examples.
        log_variance: logarithm of their variances.
        free: nats that each latent has for free, lambda in the paper.

    Returns:
        One value for each batch.

    Example:
        >>> free_bits([[0.0, 2.0], [0.0, 0.0]], [[0.0, 0.0], [0.0, 0.0]], free=0.25)
        Array(1.25, dtype=float32)

    Reference: Kingma et al. 2016, arXiv:1606.04934.
    """
    mean, log_variance = sets(mean=mean, log_variance=log_variance)
    told = jnp.sum(_kl(mean, log_variance), axis=-2) / max(mean.shape[-2], 1)
    (free,) = hyperparameters(of_rows(told), free=free)
    free = free[..., None] if free.ndim else free
    return jnp.sum(free + relu(told - free), axis=-1)


def iwae(log_weights: Float[ArrayLike, "*batch k"]) -> Float[Array, "*batch"]:
    """Reward codes by a bound that tightens as more of them are drawn.

    Formula: `-log(mean(exp(log_weights)))`; 0 of no draws.

    Args:
        log_weights: `log p(x, z) - log q(z | x)` for each draw of `z`; differentiable in both.

    Returns:
        One value for each example.

    Example:
        >>> iwae([[-1.0, -3.0]])
        Array([1.5662], dtype=float32)

    Reference: Burda et al. 2016, arXiv:1509.00519.
    """
    (log_weights,) = vectors(log_weights=log_weights)
    count = log_weights.shape[-1]
    if count == 0:
        return jnp.sum(log_weights, axis=-1)
    return log(count) - logsumexp(log_weights)


def vq(
    embeddings: Float[ArrayLike, "*batch dim"],
    codes: Float[ArrayLike, "*batch dim"],
    *,
    commitment: ArrayLike = 0.25,
) -> Float[Array, "*batch"]:
    """Reward codes for lying where the embeddings that chose them are, and these for staying there.

    Formula: `sum((sg(embeddings) - codes)**2) + commitment * sum((embeddings - sg(codes))**2)`,
    where `sg` holds constant: the value is `1 + commitment` times the squared distance.

    Args:
        embeddings: what an encoder gives.
        codes: the vectors chosen for them, `codebook[nearest_codes(embeddings, codebook)]`.
        commitment: weight of the part that moves embeddings, beta in the paper.

    Returns:
        One value for each embedding.

    Example:
        >>> vq([[1.0, 0.0]], [[0.0, 1.0]])
        Array([2.5], dtype=float32)

    Reference: van den Oord et al. 2017, arXiv:1711.00937.
    """
    embeddings, codes = vectors(embeddings=embeddings, codes=codes)
    (commitment,) = hyperparameters(of_rows(codes), commitment=commitment)
    codebook = jnp.sum(jnp.square(lax.stop_gradient(embeddings) - codes), axis=-1)
    return codebook + commitment * jnp.sum(
        jnp.square(embeddings - lax.stop_gradient(codes)), axis=-1
    )


def nearest_codes(
    embeddings: Float[ArrayLike, "n dim"], codebook: Float[ArrayLike, "codes dim"]
) -> Int[Array, " n"]:
    """Indices of the codes that are nearest to the embeddings; the first of several.

    Args:
        embeddings: what an encoder gives.
        codebook: one code a row.

    Example:
        >>> nearest_codes([[1.0, 0.2]], [[0.0, 0.0], [1.0, 0.0]])
        Array([1], dtype=int32)

    Reference: van den Oord et al. 2017, arXiv:1711.00937.
    """
    embeddings, codebook = samples(embeddings=embeddings, codebook=codebook)
    return jnp.argmin(squared_distances(embeddings, codebook), axis=-1).astype(jnp.int32)


def straight_through(
    embeddings: Float[ArrayLike, "*shape"], codes: Float[ArrayLike, "*shape"]
) -> Float[Array, "*shape"]:
    """The codes, for a decoder, with the gradient going to the embeddings as if they were these.

    Args:
        embeddings: what an encoder gives.
        codes: the vectors chosen for them.

    Example:
        >>> from jax import grad
        >>> grad(lambda x: straight_through(x, 3.0) ** 2)(2.8)
        Array(6., dtype=float32, weak_type=True)

    Reference: Bengio et al. 2013, arXiv:1308.3432.
    """
    embeddings, codes = same_shape(embeddings=embeddings, codes=codes)
    # The codes to the last bit, whatever the embeddings are.
    return lax.stop_gradient(codes) + (embeddings - lax.stop_gradient(embeddings))


_kl = streamed(lambda mean, log_variance: (jnp.square(mean) + exp_residual(log_variance)) / 2)
