"""Penalties on a discriminator or generator as a function: how steep it is, and where.

A `critic` takes a batch of examples, first axis, and gives each a score, or several that are added
up (patches); it should treat examples one by one. Whatever else it reads, its parameters or labels,
is bound to it. What is penalised is how its score changes with the example; the examples themselves
carry no gradient. Points and penalties combine:

* WGAN-GP: `two_sided(critic, between(real, fake, key))`, WGAN-LP: `one_sided` there;
* DRAGAN: `two_sided(critic, around(real, key))`;
* R1: `zero_centered(critic, real)`, R2: `zero_centered(critic, fake)`, both in R3GAN;
* 0-GP: `zero_centered(critic, between(real, fake, key))`.
"""

from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Float, PRNGKeyArray

from jaxloss.core.checks import hyperparameters, promote, same_shape
from jaxloss.core.numerics import relu, safe_norm
from jaxloss.losses.gan import moved_average

Function = Callable[[Array], Array]


def two_sided(
    critic: Function, x: Float[ArrayLike, "n *features"], *, target: ArrayLike = 1.0
) -> Float[Array, " n"]:
    """Reward a critic for a slope of one size: WGAN-GP between real and fake, DRAGAN around real.

    Formula: `(norm(gradient of critic at x) - target)**2`; where the critic is flat, the gradient
    is 0. The authors of WGAN-GP weigh it by 10.

    Args:
        critic: gives a score for each example.
        x: examples.
        target: size that the slope should have.

    Returns:
        One value for each example.

    Example:
        >>> two_sided(lambda x: x @ jnp.array([3.0, 4.0]), jnp.ones((1, 2)))
        Array([16.], dtype=float32)

    Reference: Gulrajani et al. 2017, arXiv:1704.00028; Kodali et al. 2017, arXiv:1705.07215.
    """
    steepness = safe_norm(_slopes(critic, x))
    (target,) = hyperparameters(steepness, target=target)
    return jnp.square(steepness - target)


def one_sided(
    critic: Function, x: Float[ArrayLike, "n *features"], *, bound: ArrayLike = 1.0
) -> Float[Array, " n"]:
    """Reward a critic for no slope above a bound: the Lipschitz penalty (WGAN-LP).

    Formula: `max(0, norm(gradient of critic at x) - bound)**2`.

    Args:
        critic: gives a score for each example.
        x: examples.
        bound: size up to which a slope costs nothing.

    Returns:
        One value for each example.

    Example:
        >>> one_sided(lambda x: x @ jnp.array([3.0, 4.0]), jnp.ones((1, 2)), bound=6.0)
        Array([0.], dtype=float32)

    Reference: Petzka et al. 2018, arXiv:1709.08894.
    """
    steepness = safe_norm(_slopes(critic, x))
    (bound,) = hyperparameters(steepness, bound=bound)
    return jnp.square(relu(steepness - bound))


def zero_centered(critic: Function, x: Float[ArrayLike, "n *features"]) -> Float[Array, " n"]:
    """Reward a critic for being flat: R1 at real examples, R2 at generated ones.

    Formula: `norm(gradient of critic at x)**2 / 2`. Between them it is the penalty of
    Thanh-Tung et al. 2019, arXiv:1902.03984, but for the half.

    Args:
        critic: gives a score for each example.
        x: examples.

    Returns:
        One value for each example.

    Example:
        >>> zero_centered(lambda x: x @ jnp.array([3.0, 4.0]), jnp.ones((1, 2)))
        Array([12.5], dtype=float32)

    Reference: Mescheder et al. 2018, arXiv:1801.04406.
    """
    return jnp.sum(jnp.square(_slopes(critic, x)), axis=-1) / 2


def between(
    real: Float[ArrayLike, "n *features"],
    fake: Float[ArrayLike, "n *features"],
    key: PRNGKeyArray,
) -> Float[Array, "n *features"]:
    """Points that lie evenly on the lines from fake examples to real ones: where WGAN-GP looks.

    Args:
        real: real examples.
        fake: as many generated ones.
        key: draws one place on each line.

    Returns:
        One point for each pair; it carries no gradient.

    Reference: Gulrajani et al. 2017, arXiv:1704.00028.
    """
    real, fake = same_shape(real=real, fake=fake)
    share = jax.random.uniform(key, (*real.shape[:1], *(1,) * (real.ndim - 1)), real.dtype)
    return lax.stop_gradient(share * real + (1 - share) * fake)


def around(
    x: Float[ArrayLike, "n *features"], key: PRNGKeyArray, *, scale: ArrayLike = 0.5
) -> Float[Array, "n *features"]:
    """Points spread around examples: where DRAGAN looks.

    Args:
        x: real examples.
        key: draws the normal noise.
        scale: its standard deviation, in those of all entries of the batch.

    Returns:
        One point for each example; it carries no gradient.

    Reference: Kodali et al. 2017, arXiv:1705.07215.
    """
    (x,) = promote(x=x)
    (scale,) = hyperparameters(jax.ShapeDtypeStruct((), x.dtype), scale=scale)
    spread = jnp.std(x) if x.size else jnp.ones((), x.dtype)
    return lax.stop_gradient(x + scale * spread * jax.random.normal(key, x.shape, x.dtype))


def consistency(
    critic: Function,
    x: Float[ArrayLike, "n *features"],
    augmented: Float[ArrayLike, "n *features"],
) -> Float[Array, " n"]:
    """Reward a critic for scoring an example as its augmented copy (CR-GAN).

    Formula: `sum((critic(x) - critic(augmented))**2)` over the scores of an example. At real and at
    generated examples it is the balanced one of bCR-GAN.

    Args:
        critic: gives a score for each example.
        x: examples.
        augmented: the same, moved, flipped or cut.

    Returns:
        One value for each example.

    Example:
        >>> consistency(lambda x: x @ jnp.array([3.0, 4.0]), jnp.ones((1, 2)), jnp.zeros((1, 2)))
        Array([49.], dtype=float32)

    Reference: Zhang et al. 2020, arXiv:1910.12027; Zhao et al. 2021, arXiv:2002.04724.
    """
    x, augmented = same_shape(x=x, augmented=augmented)
    one, other = promote(scores=critic(x), augmented_scores=critic(augmented))
    return jnp.sum(_flat(jnp.square(one - other), len(x)), axis=-1)


def path_length(
    generator: Function,
    latents: Float[ArrayLike, "n *latent"],
    directions: Float[ArrayLike, "n *features"],
    average: Float[ArrayLike, ""],
    *,
    momentum: ArrayLike = 0.99,
) -> tuple[Float[Array, " n"], Float[Array, ""]]:
    """Reward a generator for moving examples as far for any step of the latents (StyleGAN2).

    Formula: `(norm(gradient of sum(generator(latents) * directions) in latents) - average)**2`,
    with the average moved towards the norms of this batch before, and held constant.

    Args:
        generator: gives an example for each latent vector.
        latents: what examples are made from.
        directions: normal noise in the shape of the examples; the authors divide it by the root of
            the number of pixels.
        average: the state, of the lengths so far; 0 at first.
        momentum: share of the old average.

    Returns:
        One value for each example, and the next average.

    Example:
        >>> path_length(lambda w: 3 * w, jnp.ones((1, 2)), jnp.array([[0.0, 1.0]]), 2.0)
        (Array([0.9801], dtype=float32), Array(2.01, dtype=float32))

    Reference: Karras et al. 2020, arXiv:1912.04958.
    """
    latents, directions = promote(latents=latents, directions=directions)

    def along(latents: Array) -> Array:
        made = generator(latents)
        if made.shape != directions.shape:
            raise ValueError(
                f"expected `directions` of the shape of the examples {made.shape}, "
                f"got {directions.shape}"
            )
        return made.astype(directions.dtype) * directions

    lengths = safe_norm(_slopes(along, latents))
    average = moved_average(average, lengths, momentum=momentum)
    return jnp.square(lengths - average), average


def _slopes(critic: Function, x: ArrayLike) -> Float[Array, "n size"]:
    """Gradient of each score in its own example."""
    (x,) = promote(x=x)
    if x.ndim < 1:
        raise ValueError("expected `x` with an axis of examples, got shape ()")

    def total(x: Array) -> Array:
        scores = critic(x)
        if scores.shape[:1] != x.shape[:1]:
            raise ValueError(
                f"expected a score for each of {len(x)} examples, got shape {scores.shape}"
            )
        return jnp.sum(scores, dtype=x.dtype)

    return _flat(jax.grad(total)(lax.stop_gradient(x)), len(x))


def _flat(array: Array, count: int) -> Array:
    size = array.size // count if count else 0
    return array.reshape(count, size)
