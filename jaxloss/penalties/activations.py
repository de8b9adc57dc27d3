"""Penalties on what a layer gives, or a network: features or classes on the last axis.

What Keras calls activity regularisation is `l1`, `l2` or `elastic_net` of the activations, and the
first half of that of AWD-LSTM (AR) the mean of their squares.
"""

import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Float

from jaxloss.core.checks import hyperparameters, probabilities, promote, sets, vectors
from jaxloss.core.numerics import log_softmax, safe_log, trailing_mean, xlogy
from jaxloss.core.pairs import centered, off_diagonal_energy, squared_distances


def kl_sparsity(
    activations: Float[ArrayLike, "*batch units"], *, rate: ArrayLike = 0.05
) -> Float[Array, " units"]:
    """Reward units for being on at a small rate: sparse autoencoders.

    Formula: with `q` the mean of a unit over all examples,
    `rate * log(rate / q) + (1 - rate) * log((1 - rate) / (1 - q))`; infinite with gradient 0 for a
    unit that is never on, or always.

    Args:
        activations: in [0, 1], those of a logistic unit.
        rate: at which a unit should be on, rho in the paper.

    Returns:
        One value for each unit.

    Example:
        >>> kl_sparsity([[0.25, 0.5], [0.25, 0.5]], rate=0.5)
        Array([0.1438, 0.    ], dtype=float32)

    Reference: Ng 2011, "Sparse autoencoder", CS294A lecture notes.
    """
    (activations,) = vectors(activations=activations)
    probabilities(activations=activations)
    rows = activations.reshape(-1, activations.shape[-1])
    q = jnp.sum(rows, axis=0) / max(len(rows), 1)
    (rate,) = hyperparameters(q, rate=rate)
    spread = -rate * safe_log(q) - (1 - rate) * safe_log(1 - q)
    value = xlogy(rate, rate) + xlogy(1 - rate, 1 - rate) + spread
    return value if len(rows) else jnp.sum(rows, axis=0)


def decov(activations: Float[ArrayLike, "*batch n units"]) -> Float[Array, "*batch"]:
    """Reward units for being on at different times (DeCov).

    Formula: with the covariance `C` of the units over the `n` examples, divided by `n`,
    `sum(C[i, j]**2 for i != j) / 2`. `contrastive.covariance_penalty` divides by `n - 1`.

    Args:
        activations: of a batch of examples.

    Returns:
        One value for each batch.

    Example:
        >>> decov([[1.0, 2.0], [-1.0, -2.0]])
        Array(4., dtype=float32)

    Reference: Cogswell et al. 2016, arXiv:1511.06068.
    """
    (activations,) = sets(activations=activations)
    count = max(activations.shape[-2], 1)
    # The sum has each pair twice.
    return off_diagonal_energy(centered(activations)) / (2 * count * count)


def entropy(logits: Float[ArrayLike, "*batch classes"]) -> Float[Array, "*batch"]:
    """Reward confidence where nothing is labelled; subtracted, reward hesitation and exploring.

    Formula: with `p = softmax(logits)`, `-sum(p * log(p))`; a class at `-inf` takes no part.

    Args:
        logits: scores of the classes.

    Returns:
        One value for each row.

    Example:
        >>> entropy([[0.0, 0.0, -jnp.inf]])
        Array([0.6931], dtype=float32)

    Reference: Grandvalet and Bengio 2005, "Semi-supervised learning by entropy minimization"; with
    the other sign, Pereyra et al. 2017, arXiv:1701.06548.
    """
    (logits,) = vectors(logits=logits)
    log_p = log_softmax(logits)
    there = log_p > -jnp.inf
    log_p = jnp.where(there, log_p, 0)
    return -jnp.sum(jnp.where(there, jnp.exp(log_p) * log_p, 0), axis=-1)


def spectral_decoupling(logits: Float[ArrayLike, "*batch classes"]) -> Float[Array, "*batch"]:
    """Reward small logits, so that no feature that suffices starves the others.

    Formula: `sum(logits**2) / 2`; classes at `-inf` do not count.

    Args:
        logits: scores of the classes.

    Returns:
        One value for each row.

    Example:
        >>> spectral_decoupling([[3.0, -4.0]])
        Array([12.5], dtype=float32)

    Reference: Pezeshki et al. 2021, arXiv:2011.09468.
    """
    (logits,) = vectors(logits=logits)
    return jnp.sum(jnp.square(jnp.where(logits > -jnp.inf, logits, 0)), axis=-1) / 2


def temporal_activation(
    activations: Float[ArrayLike, "*batch time units"],
) -> Float[Array, "*batch"]:
    """Reward a recurrent network for changing its mind slowly (TAR).

    Formula: `mean((activations[t + 1] - activations[t])**2)` over units and steps; 0 of one moment.

    Args:
        activations: of each moment, before dropout.

    Returns:
        One value for each sequence.

    Example:
        >>> temporal_activation([[0.0], [1.0], [4.0]])
        Array(5., dtype=float32)

    Reference: Merity et al. 2017, arXiv:1708.02182.
    """
    (activations,) = sets(activations=activations)
    changes = activations[..., 1:, :] - activations[..., :-1, :]
    return trailing_mean(jnp.square(changes), activations.ndim - 2)


def graph_laplacian(
    outputs: Float[ArrayLike, "*batch n dim"], weights: Float[ArrayLike, "*batch n n"]
) -> Float[Array, "*batch"]:
    """Reward outputs for changing little along the edges of a graph: manifold regularisation.

    Formula: `sum(weights[i, j] * sum((outputs[i] - outputs[j])**2)) / 2`, which is
    `trace(outputs.T @ laplacian @ outputs)` for symmetric weights.

    Args:
        outputs: one vector for each node.
        weights: of the edges.

    Returns:
        One value for each graph.

    Raises:
        ValueError: for weights that are not those of all pairs of nodes.

    Example:
        >>> graph_laplacian([[0.0], [2.0]], [[0.0, 1.5], [1.5, 0.0]])
        Array(6., dtype=float32)

    Reference: Belkin et al. 2006, https://jmlr.org/papers/v7/belkin06a.html.
    """
    outputs, weights = promote(outputs=outputs, weights=weights)
    if outputs.ndim < 2 or weights.shape != (*outputs.shape[:-1], outputs.shape[-2]):
        raise ValueError(
            f"expected `weights` of shape (*batch, n, n) for `outputs` {outputs.shape}, "
            f"got {weights.shape}"
        )
    return jnp.sum(weights * squared_distances(outputs, outputs), axis=(-2, -1)) / 2
