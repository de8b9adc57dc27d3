"""Probabilities of classes, near 0 and 1 as well: their rests, shares, and tempered softmaxes."""

from collections.abc import Callable

import jax.numpy as jnp
from jax import Array, lax
from jaxtyping import Bool, Float

from jaxloss.core.numerics import (
    expm1_ratio,
    log_total,
    logsumexp,
    one_hot,
    safe_divide,
    safe_log,
    shifted,
)

MOST_STEPS = 100
"""To a normaliser; Newton's method takes some ten."""


def log_rests(log_p: Float[Array, "*batch classes"]) -> Float[Array, "*batch classes"]:
    """`log(1 - p)` for each entry of a distribution, however close to 1 one of them is.

    Args:
        log_p: logarithms of probabilities that sum to 1; `-inf` for entries without a part.

    Returns:
        Logarithms of what all others have together; `-inf` where there is no other.
    """
    # Only the largest can be above one half; for that one the others are added up.
    top = one_hot(jnp.argmax(log_p, axis=-1), log_p.shape[-1])
    others = logsumexp(log_p, where=~top)
    return jnp.where(top, others[..., None], jnp.log1p(-jnp.exp(jnp.where(top, -1, log_p))))


def log_share(
    logits: Float[Array, "*batch classes"], inside: Bool[Array, "*batch classes"]
) -> Float[Array, "*batch"]:
    """Logarithm of what a softmax gives to some entries together, accurate near 0 and near 1.

    Args:
        logits: rows of scores; an entry at `-inf` takes no part.
        inside: entries that are added up.

    Returns:
        One value for each row: `-inf` with gradient 0 for no entry inside, 0 where none takes part.
    """
    scores, _ = shifted(logits)
    some = jnp.any(scores > -jnp.inf, axis=-1)
    log_z = jnp.where(some, log_total(scores), 0)
    rest = logsumexp(scores, where=~inside) - log_z
    most = rest < -1
    from_rest = jnp.log1p(-jnp.exp(jnp.where(most, rest, -1)))
    share = jnp.where(most, from_rest, logsumexp(scores, where=inside) - log_z)
    return jnp.where(some, share, 0)


def tempered_log(log_x: Array, power: Array) -> Array:
    """`(x**power - 1) / power` of the logarithm of `x`; its limit at power 0, and at `x` 0."""
    positive = log_x > -jnp.inf
    log_x = jnp.where(positive, log_x, 0)
    at_zero = jnp.where(power > 0, -1 / jnp.where(power > 0, power, 1), -jnp.inf)
    return jnp.where(positive, log_x * expm1_ratio(power * log_x), at_zero)


def tempered_log_softmax(
    scores: Float[Array, "*batch classes"], power: Array
) -> Float[Array, "*batch classes"]:
    """Logarithms of `(1 + power * (scores - normaliser))**(1 / power)`, whose sum is 1.

    Of power 0 it is the softmax; positive powers end tails (1 is sparsemax), negative ones make
    them heavy.

    Args:
        scores: of which the largest is 0, as `shifted` gives them.
        power: a scalar, or of the rank of the scores with a last axis of 1; may be traced.
    """
    # At this normaliser as many scores of 0 as there are sum to 1.
    end = -tempered_log(-jnp.log(_count(scores)), lax.stop_gradient(power))
    root = normaliser(_tempered_step, scores, power, jnp.zeros_like(end), end)
    return _log_tempered_exp(scores - root, power)


def norm_log_softmax(
    scores: Float[Array, "*batch classes"], alpha: Array
) -> Float[Array, "*batch classes"]:
    """Logarithms of the distribution `p` with the largest `sum(p * scores) - norm(p, alpha)`.

    Args:
        scores: of which the largest is 0, as `shifted` gives them.
        alpha: order of the norm, above 1; shaped as `power` of `tempered_log_softmax`.
    """
    # What is above a threshold is shared out, and the threshold is where powers of it sum to 1.
    power = alpha / (alpha - 1)
    end = -jnp.exp(-jnp.log(_count(scores)) / lax.stop_gradient(power))
    root = normaliser(_norm_step, scores, power, -jnp.ones_like(end), end)
    moved, _ = shifted(_log_above(scores, root) * (power - 1))
    total = log_total(moved)
    return moved - jnp.where(total > -jnp.inf, total, 0)[..., None]


def normaliser(
    step: Callable[[Array, Array, Array], tuple[Array, Array]],
    scores: Array,
    power: Array,
    low: Array,
    high: Array,
) -> Array:
    """What to take from the scores of each row for a sum to be 1, with its derivatives.

    Args:
        step: of scores, a guess of the normaliser and a power, by how much the sum exceeds 1, and
            Newton's step to where it does not. The sum falls in the normaliser.
        scores: rows.
        power: of which the sum is.
        low: where the sum is at least 1.
        high: where it is at most 1.
    """
    held, held_power = lax.stop_gradient((scores, power))
    rounding = 16 * jnp.finfo(scores.dtype).eps
    # Where the sum is convex, Newton's steps from the low end approach the root from one side;
    # elsewhere they may leave the bracket, which is halved then.
    row = jnp.zeros_like(jnp.sum(held, axis=-1, keepdims=True))
    low, high = (row + end for end in (low, high))

    def unfinished(state: tuple[Array, ...]) -> Array:
        _, _, _, excess, count = state
        return (count < MOST_STEPS) & jnp.any(jnp.abs(excess) > rounding)

    def improved(state: tuple[Array, ...]) -> tuple[Array, ...]:
        root, low, high, _, count = state
        excess, change = step(held, root, held_power)
        low, high = jnp.where(excess > 0, root, low), jnp.where(excess > 0, high, root)
        aim = root + change
        within = (aim >= low) & (aim <= high)
        return jnp.where(within, aim, (low + high) / 2), low, high, excess, count + 1

    first = (low, low, high, jnp.ones_like(low), jnp.zeros((), jnp.int32))
    root = lax.stop_gradient(lax.while_loop(unfinished, improved, first)[0])
    # Two more steps, which are differentiated, bring the derivatives along up to the third: their
    # error is of the fourth order in what moves.
    for _ in range(2):
        root = root + step(scores, root, power)[1]
    return root


def _count(scores: Array) -> Array:
    return jnp.asarray(max(scores.shape[-1], 1), scores.dtype)


def _tempered_step(scores: Array, root: Array, power: Array) -> tuple[Array, Array]:
    log_p = _log_tempered_exp(scores - root, power)
    total = _powers(log_p, jnp.ones_like(power))
    return total - 1, safe_divide(total - 1, _powers(log_p, 1 - power))


def _norm_step(scores: Array, root: Array, power: Array) -> tuple[Array, Array]:
    log_above = _log_above(scores, root)
    total = _powers(log_above, power)
    return total - 1, safe_divide(total - 1, power * _powers(log_above, power - 1))


def _powers(log_x: Array, exponent: Array) -> Array:
    """Sum of powers of what has a logarithm; what is 0 counts nothing."""
    possible = log_x > -jnp.inf
    powers = jnp.exp(exponent * jnp.where(possible, log_x, 0))
    return jnp.sum(jnp.where(possible, powers, 0), axis=-1, keepdims=True)


def _log_above(scores: Array, root: Array) -> Array:
    return safe_log(jnp.maximum(scores - root, 0))


def _log_tempered_exp(x: Array, power: Array) -> Array:
    """`log(1 + power * x) / power`; `x` at power 0, and `-inf` where nothing is left to take."""
    product = power * jnp.where(x > -jnp.inf, x, 0)
    near = jnp.abs(product) < 1e-2
    small = jnp.where(near, product, 0)
    series = jnp.zeros_like(small)
    for n in range(9, 0, -1):
        series = 1 / n - small * series
    far = jnp.log1p(jnp.where(near | (product <= -1), 1, product))
    value = jnp.where(near, x * series, far / jnp.where(near, 1, power))
    return jnp.where((product > -1) & (x > -jnp.inf), value, -jnp.inf)
