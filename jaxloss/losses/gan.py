"""Two players: a discriminator that scores examples, and a generator that wants its own mistaken.

A score is a real number, larger for what looks real: a logit, never a probability. Losses of the
discriminator take the scores of `real` examples and of generated ones, `fake`, entry by entry; each
is a sum of a part of either, so that its mean does not depend on who is paired with whom. Those of
the generator take `fake`. The losses named relativistic take either player's: what should be ahead,
and what should be behind. What needs the discriminator itself, such as gradient penalties, is in
`jaxloss.critic`.
"""

from collections.abc import Callable, Mapping
from typing import Literal

import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Float

from jaxloss.core.checks import elementwise, hyperparameters, promote, same_shape, samples
from jaxloss.core.numerics import relu, softplus, streamed

Lead = Literal["logistic", "least_squares", "hinge"]


def logistic_discriminator(
    real: Float[ArrayLike, "*shape"], fake: Float[ArrayLike, "*shape"]
) -> Float[Array, "*shape"]:
    """Reward a discriminator for telling what is real: the cross-entropy of the original GAN.

    Formula: `log(1 + exp(-real)) + log(1 + exp(fake))`.

    Args:
        real: scores of real examples.
        fake: scores of generated ones.

    Example:
        >>> logistic_discriminator([0.0, 3.0], [0.0, -3.0])
        Array([1.3863, 0.0972], dtype=float32)

    Reference: Goodfellow et al. 2014, arXiv:1406.2661.
    """
    return _of_both(lambda real: softplus(-real), softplus, real, fake)


def non_saturating_generator(fake: Float[ArrayLike, "*shape"]) -> Float[Array, "*shape"]:
    """Reward a generator for what is taken for real, most where it is seen through.

    Formula: `log(1 + exp(-fake))`.

    Args:
        fake: scores of generated examples.

    Example:
        >>> non_saturating_generator([-3.0, 0.0])
        Array([3.0486, 0.6931], dtype=float32)

    Reference: Goodfellow et al. 2014, arXiv:1406.2661.
    """
    (fake,) = promote(fake=fake)
    return softplus(-fake)


def saturating_generator(fake: Float[ArrayLike, "*shape"]) -> Float[Array, "*shape"]:
    """Reward a generator for its opponent's loss: the minimax game, taken at its word.

    Formula: `-log(1 + exp(fake))`, the logarithm of the probability of being seen through. The
    gradient vanishes where that is certain, so `non_saturating_generator` is what trains.

    Args:
        fake: scores of generated examples.

    Example:
        >>> saturating_generator([-3.0, 0.0])
        Array([-0.0486, -0.6931], dtype=float32)

    Reference: Goodfellow et al. 2014, arXiv:1406.2661.
    """
    (fake,) = promote(fake=fake)
    return -softplus(fake)


def least_squares_discriminator(
    real: Float[ArrayLike, "*shape"],
    fake: Float[ArrayLike, "*shape"],
    *,
    real_target: ArrayLike = 1.0,
    fake_target: ArrayLike = 0.0,
) -> Float[Array, "*shape"]:
    """Reward a discriminator for scores near one number for real and another for fake (LSGAN).

    Formula: `(real - real_target)**2 / 2 + (fake - fake_target)**2 / 2`.

    Args:
        real: scores of real examples.
        fake: scores of generated ones.
        real_target: score that a real example should have, b in the paper.
        fake_target: score that a generated one should have, a in the paper.

    Example:
        >>> least_squares_discriminator([1.0, 3.0], [0.0, 1.0])
        Array([0. , 2.5], dtype=float32)

    Reference: Mao et al. 2017, arXiv:1611.04076.
    """
    real, fake, high, low = elementwise(
        real=real, fake=fake, hyper={"real_target": real_target, "fake_target": fake_target}
    )
    return streamed(lambda r, f, high, low: (jnp.square(r - high) + jnp.square(f - low)) / 2)(
        real, fake, high, low
    )


def least_squares_generator(
    fake: Float[ArrayLike, "*shape"], *, target: ArrayLike = 1.0
) -> Float[Array, "*shape"]:
    """Reward a generator for scores near a number, also of what is taken for real already (LSGAN).

    Formula: `(fake - target)**2 / 2`.

    Args:
        fake: scores of generated examples.
        target: score to come near, c in the paper: that of real examples, or half-way to it.

    Example:
        >>> least_squares_generator([-3.0, 1.0])
        Array([8., 0.], dtype=float32)

    Reference: Mao et al. 2017, arXiv:1611.04076.
    """
    fake, target = elementwise(fake=fake, hyper={"target": target})
    return jnp.square(fake - target) / 2


def hinge_discriminator(
    real: Float[ArrayLike, "*shape"],
    fake: Float[ArrayLike, "*shape"],
    *,
    margin: ArrayLike = 1.0,
) -> Float[Array, "*shape"]:
    """Reward a discriminator for telling what is real by a margin, and no further.

    Formula: `max(0, margin - real) + max(0, margin + fake)`; gradient 0 at the kinks. The generator
    that plays against it is `wasserstein_generator`.

    Args:
        real: scores of real examples.
        fake: scores of generated ones.
        margin: distance from 0 that is enough.

    Example:
        >>> hinge_discriminator([0.0, 3.0], [0.0, -3.0])
        Array([2., 0.], dtype=float32)

    Reference: Lim and Ye 2017, arXiv:1705.02894; Miyato et al. 2018, arXiv:1802.05957.
    """
    return _of_both(
        lambda real, margin: relu(margin - real),
        lambda fake, margin: relu(margin + fake),
        real,
        fake,
        margin=margin,
    )


def wasserstein_discriminator(
    real: Float[ArrayLike, "*shape"], fake: Float[ArrayLike, "*shape"]
) -> Float[Array, "*shape"]:
    """Reward a critic for scoring real above fake: the dual of the Wasserstein distance (WGAN).

    Formula: `fake - real`. It has a minimum only among critics of bounded slope, which a penalty of
    `jaxloss.critic` sees to.

    Args:
        real: scores of real examples.
        fake: scores of generated ones.

    Example:
        >>> wasserstein_discriminator([0.0, 3.0], [0.0, -3.0])
        Array([ 0., -6.], dtype=float32)

    Reference: Arjovsky et al. 2017, arXiv:1701.07875.
    """
    real, fake = same_shape(real=real, fake=fake)
    return fake - real


def wasserstein_generator(fake: Float[ArrayLike, "*shape"]) -> Float[Array, "*shape"]:
    """Reward a generator for high scores, as they are: against a critic, or the hinge (WGAN).

    Formula: `-fake`.

    Args:
        fake: scores of generated examples.

    Example:
        >>> wasserstein_generator([-3.0, 1.0])
        Array([ 3., -1.], dtype=float32)

    Reference: Arjovsky et al. 2017, arXiv:1701.07875; Lim and Ye 2017, arXiv:1705.02894.
    """
    (fake,) = promote(fake=fake)
    return -fake


_LEADS: Mapping[str, Callable[[Array], Array]] = {
    "logistic": lambda lead: softplus(-lead),
    "least_squares": lambda lead: jnp.square(1 - lead),
    "hinge": lambda lead: relu(1 - lead),
}


def relativistic(
    ahead: Float[ArrayLike, "*shape"],
    behind: Float[ArrayLike, "*shape"],
    *,
    kind: Lead = "logistic",
) -> Float[Array, "*shape"]:
    """Reward a score for being ahead of the one it is paired with, wherever both of them are.

    Formula: `f(ahead - behind)` with `f(x)` one of `log(1 + exp(-x))`, `(1 - x)**2` and
    `max(0, 1 - x)`. The discriminator has real ahead of fake, the generator fake ahead of real.
    R3GAN is the logistic one with `jaxloss.critic.zero_centered` at real and at fake examples.

    Args:
        ahead: scores that should be higher.
        behind: scores that they are paired with.
        kind: what is made of the lead.

    Example:
        >>> relativistic([0.0, 3.0], [0.0, 1.0])
        Array([0.6931, 0.1269], dtype=float32)

    Reference: Jolicoeur-Martineau 2018, arXiv:1807.00734; Huang et al. 2024, arXiv:2501.05441.
    """
    ahead, behind = same_shape(ahead=ahead, behind=behind)
    lead = _LEADS[kind]
    return streamed(lambda a, b: lead(a - b))(ahead, behind)


def relativistic_average(
    ahead: Float[ArrayLike, "*batch n"],
    behind: Float[ArrayLike, "*batch m"],
    *,
    kind: Lead = "logistic",
) -> Float[Array, "*batch"]:
    """Reward scores for being ahead of the mean of the others, and those for being behind theirs.

    Formula: `mean(f(ahead - mean(behind))) + mean(f(mean(ahead) - behind))` with `f` as in
    `relativistic`, and who is ahead as there. A part without scores is 0.

    Args:
        ahead: scores that should be higher; the last axis is the batch.
        behind: the others; there may be another number of them.
        kind: what is made of the lead.

    Returns:
        One value for each batch.

    Example:
        >>> relativistic_average([0.0, 2.0], [0.0, 0.0])
        Array(0.7233, dtype=float32)

    Reference: Jolicoeur-Martineau 2018, arXiv:1807.00734.
    """
    ahead, behind = promote(ahead=ahead, behind=behind)
    if ahead.ndim < 1 or behind.ndim < 1 or ahead.shape[:-1] != behind.shape[:-1]:
        raise ValueError(
            "expected `ahead` of shape (*batch, n) and `behind` of shape (*batch, m), "
            f"got {ahead.shape} and {behind.shape}"
        )
    lead = _LEADS[kind]
    up = lead(ahead - _mean(behind)[..., None])
    down = lead(_mean(ahead)[..., None] - behind)
    return _mean(up) + _mean(down)


def lecam(
    real: Float[ArrayLike, "*shape"],
    fake: Float[ArrayLike, "*shape"],
    real_average: Float[ArrayLike, ""],
    fake_average: Float[ArrayLike, ""],
) -> Float[Array, "*shape"]:
    """Reward a discriminator for scores near what the other kind scored of late (LeCam GAN).

    Formula: `(real - fake_average)**2 + (fake - real_average)**2`, with the averages held constant.
    For training on few examples; the authors weigh it by 0.3 at most.

    Args:
        real: scores of real examples.
        fake: scores of generated ones.
        real_average: the state that `moved_average` keeps of `real`.
        fake_average: the same of `fake`.

    Example:
        >>> lecam([1.0, 2.0], [0.0, -1.0], 1.0, 0.0)
        Array([2., 8.], dtype=float32)

    Reference: Tseng et al. 2021, arXiv:2104.03310.
    """
    real, fake = same_shape(real=real, fake=fake)
    high, low = (
        lax.stop_gradient(_scalar(name, given, real))
        for name, given in (("real_average", real_average), ("fake_average", fake_average))
    )
    return jnp.square(real - low) + jnp.square(fake - high)


def moved_average(
    average: Float[ArrayLike, ""], values: Float[ArrayLike, "*shape"], *, momentum: ArrayLike = 0.99
) -> Float[Array, ""]:
    """Move an average towards the mean of a batch: the state of `lecam`, before or after it.

    Args:
        average: the state; 0 at first.
        values: of the batch; all axes count, and of none the average stays.
        momentum: share of the old average.

    Returns:
        The next state.

    Example:
        >>> moved_average(1.0, [4.0, 6.0], momentum=0.5)
        Array(3., dtype=float32)

    Reference: Tseng et al. 2021, arXiv:2104.03310.
    """
    (values,) = promote(values=values)
    average = _scalar("average", average, values)
    (momentum,) = hyperparameters(average, momentum=momentum)
    mean = jnp.mean(values) if values.size else average
    return lax.stop_gradient(momentum * average + (1 - momentum) * mean)


def feature_matching(
    x: Float[ArrayLike, "*batch n dim"], y: Float[ArrayLike, "*batch m dim"]
) -> Float[Array, "*batch"]:
    """Reward a generator for features with the mean that those of real examples have.

    Formula: `sum((mean(x) - mean(y))**2)`, of features in a layer of the discriminator. Layer by
    layer and pair by pair (pix2pixHD) it is `regression.absolute_error` lifted by `over_tree`.

    Args:
        x: features of generated examples.
        y: features of real ones; there may be another number of them.

    Returns:
        One value for each pair of batches; 0 where one is empty.

    Example:
        >>> feature_matching([[1.0, 2.0], [3.0, 0.0]], [[0.0, 0.0]])
        Array(5., dtype=float32)

    Reference: Salimans et al. 2016, arXiv:1606.03498.
    """
    x, y = samples(x=x, y=y)
    if 0 in (x.shape[-2], y.shape[-2]):
        return jnp.zeros(x.shape[:-2], x.dtype)
    return jnp.sum(jnp.square(jnp.mean(x, axis=-2) - jnp.mean(y, axis=-2)), axis=-1)


def _of_both(
    on_real: Callable[..., Array],
    on_fake: Callable[..., Array],
    real: ArrayLike,
    fake: ArrayLike,
    **hyper: ArrayLike,
) -> Array:
    real, fake, *levels = elementwise(real=real, fake=fake, hyper=hyper)
    return streamed(lambda r, f, *h: on_real(r, *h) + on_fake(f, *h))(real, fake, *levels)


def _mean(values: Array) -> Array:
    """Mean over the last axis; 0 of nothing."""
    return jnp.sum(values, axis=-1) / max(values.shape[-1], 1)


def _scalar(name: str, given: ArrayLike, like: Array) -> Array:
    (array,) = promote(**{name: given})
    if array.shape != ():
        raise ValueError(f"expected a scalar `{name}`, got shape {array.shape}")
    return array.astype(like.dtype)
