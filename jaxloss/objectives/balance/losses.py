"""Balancers that look at the losses, at the cost of one backward pass, and at most at norms.

Try `static`, `random` and `log_sum` before anything dearer: static weights that were tuned, and
regularisation, have been found to match elaborate balancers (Kurin et al. 2022, arXiv:2201.04122;
Xin et al. 2022, arXiv:2209.11379).

A task whose loss is exactly 0 counts as absent, since that is what the average over nothing is: it
gets weight 0 where the rule would divide by its loss, and does not move what is remembered of it.
A negative loss has no logarithm: where a rule takes one, it gives NaN.
"""

from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Float

from jaxloss.core import checks
from jaxloss.core.numerics import log_softmax, safe_divide, safe_sqrt, shifted
from jaxloss.objectives.balance.balancer import Balancer, Statistics
from jaxloss.objectives.balance.weighting import PerTask, gramian_of

Losses = Float[Array, " T"]


def static(*, weights: PerTask | None = None) -> Balancer:
    """Fixed weights: linear scalarisation, the first baseline.

    Formula: `sum(weights * losses)`.

    Args:
        weights: one number, or one for each task; 1 if None.

    Raises:
        ValueError: when used, for weights of another shape.

    Example:
        >>> balancer = static(weights=[1.0, 3.0])
        >>> balancer.update(Statistics(jnp.array([0.5, 2.0])), balancer.init(2), None)[0]
        Array([1., 3.], dtype=float32)
    """
    return _stateless(
        lambda losses: _per_task("weights", 1.0 if weights is None else weights, losses)
    )


def random() -> Balancer:
    """Random weights, drawn anew in each step: RLW, the baseline that every balancer must beat.

    Formula: `softmax(normal(key))`; the weights sum to 1, and each is `1 / T` on average.

    Raises:
        ValueError: when used without a key.

    Example:
        >>> balancer = random()
        >>> weights, _ = balancer.update(Statistics(jnp.ones(2)), (), jax.random.key(0))
        >>> weights.sum()
        Array(1., dtype=float32)

    Reference: Lin et al. 2021, arXiv:2111.10603.
    """

    def update(statistics: Statistics, state: Any, key: Array | None) -> tuple[Losses, Any]:
        if key is None:
            raise ValueError("random weights are drawn: pass a key")
        losses = statistics.losses
        return jax.nn.softmax(jax.random.normal(key, losses.shape, losses.dtype)), state

    return Balancer(lambda count: (), update, random=True)


def log_sum() -> Balancer:
    """Relative progress in every task counts the same, on whatever scale: the sum of logarithms.

    Formula: weights `1 / losses`, so that the gradient is that of `sum(log(losses))`.

    Example:
        >>> log_sum().update(Statistics(jnp.array([0.5, 2.0])), (), None)[0]
        Array([2. , 0.5], dtype=float32)

    Reference: the baseline SI of Navon et al. 2022, arXiv:2202.01017.
    """

    def weigh(losses: Losses) -> Losses:
        positive, present = _positive(losses)
        return jnp.where(present, 1 / positive, 0)

    return _stateless(weigh)


def geometric() -> Balancer:
    """Relative progress in every task counts the same: the geometric mean of the losses (GLS).

    Formula: weights `mean / (T * losses)`, so that the gradient is that of
    `mean = exp(sum(log(losses)) / T)`.

    Example:
        >>> geometric().update(Statistics(jnp.array([1.0, 4.0])), (), None)[0]
        Array([1.  , 0.25], dtype=float32)

    Reference: Chennupati et al. 2019, arXiv:1904.08492.
    """

    def weigh(losses: Losses) -> Losses:
        positive, present = _positive(losses)
        logs, count = jnp.log(positive), _count(present, losses)
        return jnp.where(present, jnp.exp(jnp.sum(logs) / count - logs) / count, 0)

    return _stateless(weigh)


def smooth_tchebycheff(*, mu: ArrayLike = 1.0, nadir: PerTask | None = None) -> Balancer:
    """The task that lags behind most counts most: a smooth maximum of the relative losses (STCH).

    Formula: the gradient of `T * mu * log(sum(exp(log(losses / nadir) / mu)))`, the paper's
    scalarisation of the logarithms, as its authors use it for many tasks. At `mu = 0` it is that of
    the largest relative loss, and at `mu = inf` that of `log_sum`.

    Args:
        mu: smoothing, non-negative.
        nadir: losses that are equally bad, one number or one for each task; those of the first step
            if None.

    Raises:
        ValueError: when used, for a nadir of another shape.

    Example:
        >>> balancer = smooth_tchebycheff(mu=0.5, nadir=1.0)
        >>> balancer.update(Statistics(jnp.array([1.0, 3.0])), balancer.init(2), None)[0]
        Array([0.2, 0.6], dtype=float32)

    Reference: Lin et al. 2024, arXiv:2402.19078.
    """

    def weigh(losses: Losses, nadir: Losses) -> Losses:
        positive, present = _positive(losses)
        moved, _ = shifted(jnp.log(positive) - jnp.log(nadir), where=present)
        # The limit 0 of mu is taken: the largest has 0, all others -inf.
        scores = jnp.where(moved == 0, 0, moved / jnp.asarray(mu, losses.dtype))
        return losses.size * jnp.exp(log_softmax(scores, where=present)) / positive

    if nadir is not None:
        return _stateless(lambda losses: weigh(losses, _per_task("nadir", nadir, losses)))

    def update(statistics: Statistics, state: Losses, key: Array | None) -> tuple[Losses, Losses]:
        del key
        state = _first(state, statistics.losses)
        return weigh(statistics.losses, jnp.where(state == 0, 1, state)), state

    return Balancer(jnp.zeros, update)


class DwaState(NamedTuple):
    """What `dwa` remembers: a moving average of each loss, and one that lags behind it."""

    recent: Losses
    earlier: Losses


def dwa(*, temperature: ArrayLike = 2.0, decay: ArrayLike = 0.99) -> Balancer:
    """Tasks whose loss falls slowly count more (dynamic weight average).

    Formula: `T * softmax(recent / earlier / temperature)`. The paper compares the means of two
    epochs; here `recent` is a moving average of the losses, and `earlier` one of `recent`, which
    lags behind by `1 / (1 - decay)` steps, so that a step need not know of epochs.

    Args:
        temperature: larger ones bring the weights closer to 1.
        decay: of the moving averages, in [0, 1).

    Example:
        >>> balancer = dwa(decay=0.5)
        >>> weights, state = balancer.update(Statistics(jnp.ones(2)), balancer.init(2), None)
        >>> balancer.update(Statistics(jnp.array([1.0, 0.1])), state, None)[0]
        Array([1.0725, 0.9275], dtype=float32)

    Reference: Liu, Johns and Davison 2019, arXiv:1803.10704.
    """

    def update(
        statistics: Statistics, state: DwaState, key: Array | None
    ) -> tuple[Losses, DwaState]:
        del key
        losses = statistics.losses
        recent = _moved(state.recent, losses, decay)
        earlier = _moved(state.earlier, recent, decay)
        ratios = safe_divide(recent, earlier, 1.0)
        weights = losses.size * jax.nn.softmax(ratios / temperature)
        return weights, DwaState(recent, earlier)

    return Balancer(lambda count: DwaState(jnp.zeros(count), jnp.zeros(count)), update)


class FamoState(NamedTuple):
    """What `famo` remembers: logits of the weights, losses of the last step, Adam's moments."""

    logits: Losses
    previous: Losses
    optimizer: optax.OptState


def famo(
    *, learning_rate: float | Array = 0.025, decay: float | Array = 0.01, floor: PerTask = 0.0
) -> Balancer:
    """All tasks improve at the same relative rate, without a gradient for each (FAMO).

    Formula: weights in proportion to `softmax(logits) / gap` with `gap = losses - floor`, with sum
    1. Adam descends in the logits along the Jacobian of the softmax, transposed, times the decrease
    of `log(gap)`, plus `decay * logits`.

    The decrease is read when the next step has computed its losses, which costs nothing; with
    minibatches it then compares two of them.

    Args:
        learning_rate: of the logits.
        decay: pull of the logits towards equality.
        floor: lower bounds of the losses, one number or one for each task; a task at its floor
            counts as absent.

    Raises:
        ValueError: when used, for a floor of another shape.

    Example:
        >>> balancer = famo()
        >>> balancer.update(Statistics(jnp.array([1.0, 3.0])), balancer.init(2), None)[0]
        Array([0.75, 0.25], dtype=float32)

    Reference: Liu et al. 2023, arXiv:2306.03792.
    """
    optimizer = optax.chain(optax.add_decayed_weights(decay), optax.adam(learning_rate))

    def init(count: int) -> FamoState:
        return FamoState(jnp.zeros(count), jnp.zeros(count), optimizer.init(jnp.zeros(count)))

    def update(
        statistics: Statistics, state: FamoState, key: Array | None
    ) -> tuple[Losses, FamoState]:
        del key
        gap, present = _positive(statistics.losses - _per_task("floor", floor, statistics.losses))
        known = present & (state.previous > 0)
        decrease = jnp.log(jnp.where(known, state.previous, 1)) - jnp.log(jnp.where(known, gap, 1))
        logits, moments = _descend(optimizer, state.logits, state.optimizer, decrease)
        # Before the second step there is nothing to learn from, the decay included.
        begun = jnp.any(state.previous > 0)
        logits, moments = jax.tree.map(
            lambda new, old: jnp.where(begun, new, old),
            (logits, moments),
            (state.logits, state.optimizer),
        )
        shares = jnp.where(present, jax.nn.softmax(logits) / gap, 0)
        weights = safe_divide(shares, jnp.sum(shares))
        previous = jnp.where(present, gap, state.previous)
        return weights, FamoState(logits, previous, moments)

    return Balancer(init, update)


class GradNormState(NamedTuple):
    """What `gradnorm` remembers: logits of the weights, first losses, Adam's moments."""

    logits: Losses
    initial: Losses
    optimizer: optax.OptState


def gradnorm(*, alpha: ArrayLike = 1.5, learning_rate: float | Array = 0.025) -> Balancer:
    """Weighted gradients of equal norm, larger for tasks that lag behind (GradNorm).

    Formula: weights `w = T * softmax(logits)`, the logits trained by Adam on
    `sum(abs(w * norms - target))` with a constant `target = mean(w * norms) * rates**alpha`, where
    `rates = losses / initial`, divided by their mean. The slope with respect to `w` is
    `norms * sign(w * norms - target)`, so that no gradient of a gradient is taken.

    The paper trains the weights themselves and rescales them to sum `T`; as a softmax they do, and
    stay positive. It takes the norms over the last shared layer: pass `wrt` to `value_and_grad`.

    Args:
        alpha: strength of the pull towards equal rates; 0 leaves equal norms.
        learning_rate: of the logits.

    Example:
        >>> balancer = gradnorm(learning_rate=0.1)
        >>> statistics = Statistics(jnp.ones(2), jnp.diag(jnp.array([1.0, 9.0])))
        >>> _, state = balancer.update(statistics, balancer.init(2), None)
        >>> balancer.update(statistics, state, None)[0]
        Array([1.0997, 0.9003], dtype=float32)

    Reference: Chen et al. 2018, arXiv:1711.02257.
    """
    optimizer = optax.adam(learning_rate)

    def init(count: int) -> GradNormState:
        return GradNormState(jnp.zeros(count), jnp.zeros(count), optimizer.init(jnp.zeros(count)))

    def update(
        statistics: Statistics, state: GradNormState, key: Array | None
    ) -> tuple[Losses, GradNormState]:
        del key
        norms = safe_sqrt(jnp.diagonal(gramian_of(statistics)))
        weights = norms.size * jax.nn.softmax(state.logits)
        initial = _first(state.initial, statistics.losses)
        present = norms > 0
        count = _count(present, norms)
        rates = jnp.where(present, safe_divide(statistics.losses, initial), 0)
        rates = safe_divide(rates, jnp.sum(rates) / count)
        target = jnp.sum(weights * norms) / count
        target = target * rates ** jnp.asarray(alpha, rates.dtype)
        slope = norms * jnp.sign(weights * norms - target)
        logits, moments = _descend(optimizer, state.logits, state.optimizer, norms.size * slope)
        return weights, GradNormState(logits, initial, moments)

    return Balancer(init, update, needs="gramian")


def _stateless(weigh: Callable[[Losses], Losses]) -> Balancer:
    """A balancer whose weights depend on the losses of one step."""

    def update(statistics: Statistics, state: Any, key: Array | None) -> tuple[Losses, Any]:
        del key
        return weigh(statistics.losses), state

    return Balancer(lambda count: (), update)


def _per_task(name: str, given: PerTask, losses: Losses) -> Losses:
    """A hyperparameter with one number for each task."""
    array = jnp.asarray(given, losses.dtype)
    if array.shape not in ((), losses.shape):
        raise ValueError(
            f"expected `{name}` of shape {losses.shape}, one number for each task, "
            f"got {array.shape}"
        )
    return jnp.broadcast_to(array, losses.shape)


def _positive(losses: Losses) -> tuple[Losses, Array]:
    """Losses to divide by, 1 where they are 0, and which are present; NaN below 0."""
    checks.require(lambda: losses >= 0, "a task has a negative loss, which has no logarithm")
    present = losses != 0
    return jnp.where(losses < 0, jnp.nan, jnp.where(present, losses, 1)), present


def _count(present: Array, losses: Losses) -> Array:
    """Number of tasks that are present, at least 1, in the dtype of the losses."""
    return jnp.maximum(jnp.sum(present, dtype=losses.dtype), 1)


def _first(remembered: Losses, losses: Losses) -> Losses:
    """The first loss of each task that was not 0."""
    return jnp.where(remembered == 0, losses, remembered)


def _moved(average: Losses, losses: Losses, decay: ArrayLike) -> Losses:
    """The next moving average, which begins at the first loss of each task that was not 0."""
    return jnp.where(losses == 0, average, decay * _first(average, losses) + (1 - decay) * losses)


def _descend(
    optimizer: optax.GradientTransformation, logits: Losses, state: optax.OptState, slope: Losses
) -> tuple[Losses, optax.OptState]:
    """One step in the logits of a softmax, given the slope with respect to its values."""
    _, pull = jax.vjp(jax.nn.softmax, logits)
    updates: Any
    updates, state = optimizer.update(pull(slope)[0], state, logits)
    return logits + updates, state
