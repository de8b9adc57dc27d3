"""The area under the ROC curve: losses of whole lists that the common class does not decide.

Every loss here reads the last axis as one list of examples, with scores and bits, and gives one
value for each list: pass a whole batch as shape `n`. `where` leaves examples out.

`pairwise` takes any surrogate and holds all pairs; `hinge` and `squared_hinge` get the values of
two of them by sorting, in memory linear in the list.
"""

from collections.abc import Callable
from typing import NamedTuple

import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Bool, Float, Int, Real

from jaxloss.core.checks import along, hyperparameters, mask, of_rows, probabilities, vectors
from jaxloss.core.numerics import differentiated_as, safe_divide, with_partials
from jaxloss.core.order import ascending, at, before, deposit, leading, passed, smaller, up_to
from jaxloss.core.pairs import differences
from jaxloss.losses.margin import logistic


def pairwise(
    logits: Float[ArrayLike, "*batch n"],
    target: Real[ArrayLike, "*batch n"],
    *,
    surrogate: Callable[[Array, Array], Array] = logistic,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward every positive for scoring above every negative: the area under the ROC curve.

    Formula: `mean(surrogate(logits[positive] - logits[negative], 1))` over all pairs; 0 without
    one.

    Args:
        logits: scores.
        target: bits.
        surrogate: binary margin loss of `jaxloss.margin`, or any function of a margin and a target
            of ones.
        where: examples that count.

    Example:
        >>> pairwise([1.0, 1.0, 0.0], [1, 0, 0])
        Array(0.5032, dtype=float32)

    Reference: Gao and Zhou 2015, arXiv:1208.0645; Hanley and McNeil 1982,
        doi:10.1148/radiology.143.1.7063747.
    """
    logits, target = vectors(logits=logits, target=target)
    probabilities(target=target)
    kept = mask(where, logits)
    positive, negative = kept & (target == 1), kept & (target == 0)
    pairs = positive[..., :, None] & negative[..., None, :]
    lead = jnp.where(pairs, differences(logits), 0)
    values = jnp.where(pairs, surrogate(lead, jnp.ones_like(lead)), 0)
    return safe_divide(
        jnp.sum(values, axis=(-2, -1)), jnp.sum(pairs, axis=(-2, -1), dtype=values.dtype)
    )


def hinge(
    logits: Float[ArrayLike, "*batch n"],
    target: Real[ArrayLike, "*batch n"],
    *,
    margin: ArrayLike = 1.0,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward every positive for leading every negative by a margin.

    Formula: `mean(max(0, margin - (logits[positive] - logits[negative])))` over all pairs; 0
    without one. A lead of exactly the margin has gradient 0. In time `n * log(n)` and memory `n`.

    Args:
        logits: scores.
        target: bits.
        margin: lead that is asked for.
        where: examples that count.

    Example:
        >>> hinge([1.0, 1.0, 0.0], [1, 0, 0])
        Array(0.5, dtype=float32)

    Reference: Joachims 2005, doi:10.1145/1102351.1102399; Gao and Zhou 2015, arXiv:1208.0645.
    """
    scores, margin, pairs = _paired(logits, target, margin, where)
    value = with_partials(_hinge, _hinge_by_scores, _hinge_by_margin, None)
    return value(scores, margin, pairs)


def squared_hinge(
    logits: Float[ArrayLike, "*batch n"],
    target: Real[ArrayLike, "*batch n"],
    *,
    margin: ArrayLike = 1.0,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch"]:
    """Reward every positive for leading every negative, and mind most those that lag far behind.

    Formula: `mean(max(0, margin - (logits[positive] - logits[negative]))**2)` over all pairs; 0
    without one. In time `n * log(n)` and memory `n`.

    Args:
        logits: scores.
        target: bits.
        margin: lead that is asked for.
        where: examples that count.

    Example:
        >>> squared_hinge([1.0, 1.0, 0.0], [1, 0, 0])
        Array(0.5, dtype=float32)

    Reference: Gao and Zhou 2015, arXiv:1208.0645; Yan et al. 2003, "Optimizing Classifier
        Performance via an Approximation to the Wilcoxon-Mann-Whitney Statistic", ICML.
    """
    scores, margin, pairs = _paired(logits, target, margin, where)
    value = with_partials(_squared, _squared_by_scores, _squared_by_margin, None)
    return value(scores, margin, pairs)


def margin(
    logits: Float[ArrayLike, "*batch n"],
    target: Real[ArrayLike, "*batch n"],
    *,
    a: ArrayLike = 0.0,
    b: ArrayLike = 0.0,
    alpha: ArrayLike = 0.0,
    margin: ArrayLike = 1.0,
    where: Bool[ArrayLike, "*batch n"] | None = None,
) -> Float[Array, "*batch"]:
    """Area under the ROC curve as a saddle point, in time linear in the list (LibAUC).

    Formula: with `r` the share of positives and means over the whole list,
    `(1 - r) * mean((s - a)**2 * pos) + r * mean((s - b)**2 * neg)
    + 2 * alpha * (r * (1 - r) * margin + mean(r * s * neg - (1 - r) * s * pos))
    - r * (1 - r) * alpha**2`.

    Args:
        logits: scores, after a sigmoid in the paper.
        target: bits.
        a: mean score of the positives; a parameter that is minimised over.
        b: mean score of the negatives; a parameter that is minimised over.
        alpha: dual variable, non-negative, that is maximised over: negate its gradient
            (`optax.partition`) and project with `jax.numpy.maximum`.
        margin: lead of positives over negatives that is asked for.
        where: examples that count.

    Example:
        >>> margin([1.0, 0.0], [1, 0], a=1.0, b=0.0, alpha=0.0)
        Array(0., dtype=float32)

    Reference: Yuan et al. 2021, arXiv:2012.03173.
    """
    logits, target = vectors(logits=logits, target=target)
    probabilities(target=target)
    kept = mask(where, logits)
    a, b, alpha, margin = hyperparameters(of_rows(logits), a=a, b=b, alpha=alpha, margin=margin)
    count = jnp.sum(kept, axis=-1, dtype=logits.dtype)
    logits = jnp.where(kept, logits, 0)

    def mean(values: Array) -> Array:
        return safe_divide(jnp.sum(jnp.where(kept, values, 0), axis=-1), count)

    positive, negative = (target == 1).astype(logits.dtype), (target == 0).astype(logits.dtype)
    r = mean(positive)
    spread = (1 - r) * mean(jnp.square(logits - along(a)) * positive) + r * mean(
        jnp.square(logits - along(b)) * negative
    )
    lead = r * mean(logits * negative) - (1 - r) * mean(logits * positive)
    return spread + 2 * alpha * (r * (1 - r) * margin + lead) - r * (1 - r) * jnp.square(alpha)


class _Pairs(NamedTuple):
    """Who is compared with whom in a list; constants.

    The rivals of a negative, positives that lead it by less than the margin, fill the slots before
    its `reach`; the rivals of a positive fill the slots from its `reach` on.

    Attributes:
        positive: which items are.
        negative: which items are.
        ordered: scores in order, those of items that are neither at the end and infinite.
        slots: of the items.
        reach: of the items.
    """

    positive: Bool[Array, "*batch n"]
    negative: Bool[Array, "*batch n"]
    ordered: Float[Array, "*batch n"]
    slots: Int[Array, "*batch n"]
    reach: Int[Array, "*batch n"]

    def mirrored(self) -> "_Pairs":
        """The same with scores and classes reversed, so that positives see what negatives saw."""
        n, ordered = self.ordered.shape[-1], -jnp.flip(self.ordered, axis=-1)
        return _Pairs(self.negative, self.positive, ordered, n - 1 - self.slots, n - self.reach)

    def positives(self, values: Array) -> Float[Array, "*batch n"]:
        """Values of the positives, in their slots."""
        return deposit(jnp.where(self.positive, values, 0), self.slots, values.shape[-1])

    def seen(self, running: Array) -> Float[Array, "*batch n"]:
        """For negatives, a running sum before their reach; 0 for all others."""
        return jnp.where(self.negative, before(running, self.reach), 0)

    def mean(self, values: Array) -> Float[Array, "*batch"]:
        """Mean over all pairs, from sums over the rivals of each item."""
        return jnp.sum(self.share(values), axis=-1)

    def share(self, values: Array) -> Float[Array, "*batch n"]:
        """Values over the number of pairs."""
        sides = (self.positive, self.negative)
        sums = [jnp.sum(side, axis=-1, keepdims=True, dtype=values.dtype) for side in sides]
        return safe_divide(values, sums[0] * sums[1])


def _paired(
    logits: ArrayLike, target: ArrayLike, margin: ArrayLike, where: ArrayLike | None
) -> tuple[Array, Array, _Pairs]:
    logits, target = vectors(logits=logits, target=target)
    probabilities(target=target)
    kept = mask(where, logits)
    positive, negative = kept & (target == 1), kept & (target == 0)
    some = positive | negative
    (margin,) = hyperparameters(jnp.sum(logits, axis=-1), margin=margin)
    scores, bound = lax.stop_gradient((jnp.where(some, logits, jnp.inf), along(margin)))
    ordered = ascending(scores)

    def is_before_reach(slot: Array) -> Array:
        other = at(ordered, slot)
        return jnp.where(positive, scores - other >= bound, other - scores < bound)

    reach = leading(is_before_reach, scores.shape[-1], scores)
    pairs = _Pairs(positive, negative, ordered, smaller(ordered, scores), reach)
    return jnp.where(some, logits, 0), margin, pairs


def _rivals(pairs: _Pairs) -> Float[Array, "*batch n"]:
    """How many rivals each negative has."""
    return pairs.seen(up_to(pairs.positives(jnp.ones_like(pairs.ordered))))


def _shortfalls(scores: Array, margin: Array, pairs: _Pairs) -> tuple[Array, Array]:
    """For each negative, the sum over its rivals of what they fall short, and of its square.

    The distances of a slot from the positives below grow from slot to slot by the gap times their
    number, and what is left is that of the last slot before the reach. No term is negative, so that
    nothing cancels, however large the scores are.
    """
    gaps = jnp.diff(pairs.ordered, prepend=pairs.ordered[..., :1])
    gaps = jnp.where(jnp.isfinite(gaps), gaps, 0)
    count = up_to(pairs.positives(jnp.ones_like(scores)))
    far = up_to(gaps * passed(count))
    farther = up_to(gaps * (far + passed(far)))
    count, far, farther = pairs.seen(count), pairs.seen(far), pairs.seen(farther)
    rest = along(margin) - (before(pairs.ordered, pairs.reach) - scores)
    rest = jnp.where(count > 0, rest, 0)
    return far + count * rest, farther + rest * (2 * far + count * rest)


def _shortfall_formula(scores: Array, margin: Array, pairs: _Pairs) -> Array:
    others = pairs.seen(up_to(pairs.positives(scores)))
    return _rivals(pairs) * (along(margin) + scores) - others


_shortfall = differentiated_as(_shortfall_formula, lambda *args: _shortfalls(*args)[0])


def _hinge(scores: Array, margin: Array, pairs: _Pairs) -> Array:
    return pairs.mean(_shortfalls(scores, margin, pairs)[0])


def _hinge_by_scores(scores: Array, margin: Array, pairs: _Pairs) -> Array:
    return pairs.share(_rivals(pairs) - _rivals(pairs.mirrored()))


def _hinge_by_margin(scores: Array, margin: Array, pairs: _Pairs) -> Array:
    return pairs.mean(_rivals(pairs))


def _squared(scores: Array, margin: Array, pairs: _Pairs) -> Array:
    return pairs.mean(_shortfalls(scores, margin, pairs)[1])


def _squared_by_scores(scores: Array, margin: Array, pairs: _Pairs) -> Array:
    up, down = _shortfall(scores, margin, pairs), _shortfall(-scores, margin, pairs.mirrored())
    return 2 * pairs.share(up - down)


def _squared_by_margin(scores: Array, margin: Array, pairs: _Pairs) -> Array:
    return 2 * pairs.mean(_shortfall(scores, margin, pairs))
