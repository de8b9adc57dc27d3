"""Kernels of `jaxloss.tail`: means under the worst shares that examples could have.

They take flat values `v` and weights `w`, some of which are positive, and a scalar. A value of
weight 0 is not above the others' largest nor below their least.
"""

import math
from collections.abc import Callable

import jax
import jax.numpy as jnp
from jax import Array, lax

from jaxloss.core import checks
from jaxloss.core.mesh import alike
from jaxloss.core.numerics import (
    expm1_ratio,
    relu,
    safe_divide,
    safe_sqrt,
    with_partials,
    with_tangent,
)


def share(v: Array, w: Array, alpha: Array) -> Array:
    """Mean of the largest values that make up a share `alpha` of the weight."""
    checks.require(lambda: (alpha > 0) & (alpha <= 1), "`alpha` is not in (0, 1]")
    return largest(v, w, alpha * jnp.sum(w))


def largest(v: Array, w: Array, k: Array) -> Array:
    """Mean of the largest values that make up a weight of `k`, or of all if they do not."""
    checks.above(0, k=k)
    whole = jnp.sum(w)
    k = jnp.where(k > whole, whole, k)
    fixed, weights, budget = lax.stop_gradient((v, w, k))
    keys = _in_order(fixed)

    def enough(key: Array) -> Array:
        weight = jnp.sum(jnp.where(keys >= key, weights, 0))
        return (weight >= budget) & (weight > 0)

    key = jnp.maximum(_bisected(enough, 8 * keys.itemsize, keys, weights, budget), jnp.min(keys))
    last = jnp.max(jnp.where(keys <= key, fixed, -jnp.inf))
    # The value that is counted in part moves with the examples that share it.
    tied = weights * (fixed == last)
    last = last + jnp.sum(tied / jnp.sum(tied) * (v - fixed))
    return last + safe_divide(jnp.sum(w * relu(v - last)), k)


def _in_order(x: Array) -> Array:
    """Unsigned integers in the order of floating-point numbers."""
    bits = _bits(jnp.where(x == 0, 0, x))  # zeros of either sign are equal
    sign = jnp.ones((), bits.dtype) << (8 * bits.itemsize - 1)
    return jnp.where(bits < sign, bits | sign, ~bits)


def _bits(x: Array) -> Array:
    return lax.bitcast_convert_type(x, jnp.uint64 if x.dtype == jnp.float64 else jnp.uint32)


def _bisected(holds: Callable[[Array], Array], bits: int, like: Array, *others: Array) -> Array:
    """Largest integer of so many bits for which something holds that ceases to hold once.

    Bits of floating-point numbers make this exact whatever the scale, and nothing is sorted.

    Args:
        holds: takes an integer of the dtype of `like`.
        bits: how many to find, the highest first.
        like: one of the arrays that the answer depends on.
        others: of these.
    """
    highest = jnp.ones((), like.dtype) << (bits - 1)

    def halve(step: Array, found: Array) -> Array:
        probe = found | lax.shift_right_logical(highest, step.astype(like.dtype))
        return jnp.where(holds(probe), probe, found)

    return lax.fori_loop(0, bits, halve, alike(jnp.zeros((), like.dtype), like, *others))


def _furthest(holds: Callable[[Array], Array], like: Array, *others: Array) -> Array:
    """Largest non-negative number for which something holds that ceases to hold once."""
    as_number = lambda bits: lax.bitcast_convert_type(bits, like.dtype)
    bits = _bits(like)  # all but the first of them, which is the sign, are in order
    found = _bisected(lambda probe: holds(as_number(probe)), 8 * bits.itemsize - 1, bits, *others)
    return as_number(found)


def tilted(v: Array, w: Array, t: Array) -> Array:
    """`log(mean(exp(t * v))) / t`."""
    # An infinite tilt leaves the extreme values alone, which may well be tied.
    endless = jnp.isinf(t)
    w = jnp.where(endless & (v != _extreme(v, t)), 0, w)
    return _tilted(v, w / jnp.sum(w), jnp.where(endless, 0, t))


def _extreme(v: Array, t: Array) -> Array:
    return lax.stop_gradient(jnp.where(t > 0, jnp.max(v), jnp.min(v)))


def _tilted_shares(v: Array, p: Array, t: Array) -> Array:
    raised = p * jnp.exp(t * (v - _extreme(v, t)))
    return raised / jnp.sum(raised)


def _log_mean_exp(p: Array, x: Array) -> Array:
    """`log(sum(p * exp(x)))` for shares `p`, with its digits also near 0."""
    rise = jnp.sum(p * jnp.expm1(x))
    near = rise > -0.5
    far = jnp.log(jnp.where(near, 1, jnp.sum(p * jnp.exp(x))))
    return jnp.where(near, jnp.log1p(jnp.where(near, rise, 0)), far)


def _tilted_value(v: Array, p: Array, t: Array) -> Array:
    # Any shift of the values gives the same result. The mean keeps the most digits; an extreme,
    # near which the result lies by then, does not overflow.
    low, high, middle = lax.stop_gradient((jnp.min(v), jnp.max(v), jnp.sum(p * v)))
    strength, middle = t * (high - low), jnp.clip(middle, low, high)
    shift = jnp.where((strength > -1) & (strength < 60), middle, _extreme(v, t))
    x = t * (v - shift)
    log = _log_mean_exp(p, x)
    # With (exp(x) - 1) / x both ways, nothing is divided by a small t.
    gentle = jnp.abs(strength) < 1
    rise = jnp.sum(p * (v - shift) * expm1_ratio(jnp.where(gentle, x, 0)))
    near = rise / expm1_ratio(jnp.where(gentle, log, 0))
    return shift + jnp.where(gentle, near, log / jnp.where(gentle, 1, t))


_tilted = with_partials(
    _tilted_value, _tilted_shares, jax.grad(_tilted_value, 1), jax.grad(_tilted_value, 2)
)


def _normalised(v: Array) -> tuple[Array, Array]:
    """Values moved and scaled into [-1, 0], and their range, which results do not depend on."""
    top, least = lax.stop_gradient((jnp.max(v), jnp.min(v)))
    spread = jnp.where(top > least, top - least, 1)
    return (v - top) / spread, spread


def kl(v: Array, w: Array, rho: Array) -> Array:
    """Largest mean under shares whose divergence from the given ones is at most `rho`.

    They are tilted shares, by as much as uses `rho` up.
    """
    checks.require(lambda: rho >= 0, "`rho` is negative")
    p = w / jnp.sum(w)
    d, _ = _normalised(v)
    # A ball that holds the shares of the worst examples alone needs an infinite tilt. Without the
    # others, none does the same. (What a tilt tells apart by less than rounding counts as tied.)
    beaten = d < -1e-15
    all_in = rho >= -jnp.log1p(-jnp.sum(jnp.where(beaten, p, 0)))
    t = _tilt_of_radius(d, p, jnp.where(all_in, 0, rho))
    q = _tilted_shares(d, jnp.where(all_in & beaten, 0, p), t)
    # Shares add up to 1 but for rounding, which counts for less in what is left of the values.
    middle = lax.stop_gradient(jnp.sum(q * v))
    return middle + jnp.sum(q * (v - middle))


def _entropic(x: Array) -> Array:
    """`x * exp(x) - exp(x) + 1`, without cancellation."""
    return jnp.square(x) * jax.jvp(expm1_ratio, (x,), (jnp.ones_like(x),))[1]


def _kl_of_tilt(d: Array, p: Array, t: Array) -> Array:
    """Divergence of the tilted shares from the given ones."""
    # The shares are p * exp(x), and as they add up to 1 the sum is one of what is not negative.
    x = t * d
    x = x - _log_mean_exp(p, x)
    return jnp.sum(p * _entropic(jnp.clip(x, -80, 80)))


def _tilt_of_radius_value(d: Array, p: Array, rho: Array) -> Array:
    t = _furthest(lambda t: _kl_of_tilt(d, p, t) <= rho, d, p, rho)
    return jnp.where(rho > 0, t, 0)


def _tilt_of_radius_tangent(t: Array, args: tuple[Array, ...], changes: tuple[Array, ...]) -> Array:
    """Of what is given implicitly: the divergence, a function of tilt, values and shares."""
    (d, p, _), (d_change, p_change, wanted) = args, changes
    raised = jnp.exp(t * d)
    raised = raised / jnp.sum(p * raised)
    q = p * raised
    apart = d - jnp.sum(q * d)
    by_d = jnp.square(t) * jnp.sum(q * apart * d_change)
    by_p = jnp.sum(raised * (t * apart - 1) * p_change)
    return safe_divide(wanted - by_d - by_p, t * jnp.sum(q * jnp.square(apart)))


_tilt_of_radius = with_tangent(_tilt_of_radius_value, _tilt_of_radius_tangent)


def chi_square(v: Array, w: Array, rho: Array) -> Array:
    """Largest mean under shares whose divergence from the given ones is at most `rho`.

    They are the given ones times what is linear in the values where it is positive, else 0.
    """
    checks.require(lambda: rho >= 0, "`rho` is negative")
    rho = jnp.minimum(rho, 1e30)  # to which infinity makes no difference
    p = w / jnp.sum(w)
    d, spread = _normalised(v)

    fixed, shares, radius = lax.stop_gradient((d, p, rho))

    def keeps(depth: Array) -> Array:
        """Whether an example so far below the largest has a share."""
        # It has one if shares that ended there would lie outside of the ball.
        above = relu(fixed + depth)
        level = jnp.sum(shares * above)
        ratios = safe_divide(above, level)
        return (jnp.sum(shares * ratios * ratios) > 1 + 2 * radius) | (level == 0)

    kept = -fixed <= _furthest(keeps, fixed, shares, radius)
    inner = jnp.where(kept, p, 0)
    mass = jnp.sum(inner)
    variance = jnp.sum(inner * jnp.square(d - jnp.sum(inner * d) / mass)) / mass
    reach = 2 * rho * mass - jnp.sum(jnp.where(kept, 0, p))
    return jnp.sum(inner * v) / mass + spread * safe_sqrt(variance) * safe_sqrt(reach)


def _depth_value(b: Array) -> Array:
    # With Lambert's W, 1 + W(b / 2): where x * exp(x) - exp(x) + 1 is `height`. Unlike that of W,
    # this equation has no cancellation where the slope is infinite.
    height = relu(1 + math.e / 2 * b)
    low = jnp.sqrt(2 * jnp.minimum(height, 1))
    log = jnp.log1p(relu(b / 2))
    x = jnp.where(
        height < 1,
        low - jnp.square(low) / 3 + 11 / 72 * low**3,
        1 + log * (1 - jnp.log1p(log) / (2 + log)),
    )
    for _ in range(5):
        x = x - safe_divide(_entropic(x) - height, x * jnp.exp(x))
    return x


def _depth_slope(b: Array) -> Array:
    depth = _depth(b)
    return safe_divide(jnp.full_like(b, math.e / 2), depth * jnp.exp(depth))


_depth = with_partials(_depth_value, _depth_slope)

discounted = with_partials(
    lambda b: jnp.square(_depth(b)) - 1 + 2 * jnp.minimum(1 + math.e / 2 * b, 0),
    lambda b: jnp.exp(1 - _depth(b)),
)
"""Least of `b * s + log(s)**2` over `s` in (0, e], which is its derivative."""
