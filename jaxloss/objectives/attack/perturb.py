"""Attacks: inputs moved within a ball so that an objective rises.

An attack is a pure function `(objective, x, key)` to inputs like `x`. The objective maps inputs to
one value for each example, such as a loss of what a model says of them, and closes over everything
else; inputs are an array or a pytree with a leading axis of examples. Attacks differentiate it with
respect to the inputs alone: their result is a constant, and nothing of the training step is traced
through them. `functools.partial` makes one attack of another, and of its options.

All take the same region:

* `eps`: radius of the ball; a number, or one for each example. As a prefix tree of the inputs, it
  gives each of its parts a ball of its own (an image and the embedding of its caption); what one
  leaf covers shares one ball.
* `norm`: `"linf"`, `"l2"` or `"l1"`; or one for each part, a prefix tree of `eps`.
* `lower`, `upper`: bounds of the coordinates, prefix trees of the inputs, which lie within them.

Both constraints hold exactly, but for the rounding of the inputs' dtype. An example whose gradient
is zero stays where it starts. Models whose examples depend on each other (batch norm in training
mode) have no objective for each example: attack them in evaluation mode.
"""

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import PyTree

from jaxloss.core.numerics import normalize
from jaxloss.objectives.attack.region import (
    Highest,
    Init,
    Norm,
    Objective,
    below_all,
    choose,
    frozen,
    on_vectors,
    region,
    scaled,
    value_and_slope,
)

Attack = Callable[..., PyTree[Array]]
"""From an objective, inputs and a random key (None where nothing is random) to inputs."""


def fgsm(
    objective: Objective,
    x: PyTree[ArrayLike],
    key: Array | None = None,
    *,
    eps: PyTree[ArrayLike],
    norm: PyTree[Norm] = "linf",
    lower: PyTree[ArrayLike] | None = None,
    upper: PyTree[ArrayLike] | None = None,
) -> PyTree[Array]:
    """Move as far as the ball allows in the direction of the gradient: one step, from the inputs.

    Formula: `clip(x + eps * sign(grad(objective)(x)), lower, upper)` for `norm="linf"`.

    It is the weakest attack that is worth the name, and models trained with it learn to hide from
    it. From a random start, `pgd` with `steps=1` and `step_size=1.25 * eps` holds out longer.

    Args:
        objective: what should rise; one value for each example.
        x: inputs.
        key: not used; there for all attacks to be called alike.
        eps: radius.
        norm: of the ball.
        lower: bound of the coordinates.
        upper: bound of the coordinates.

    Returns:
        Inputs like `x`.

    Example:
        >>> slope = jnp.array([3.0, -1.0, 0.0])
        >>> fgsm(lambda x: x @ slope, jnp.zeros((1, 3)), eps=0.1)
        Array([[ 0.1, -0.1,  0. ]], dtype=float32)

    Reference: Goodfellow et al. 2015, arXiv:1412.6572; with a random start, Wong et al. 2020,
        arXiv:2001.03994.
    """
    del key
    return pgd(
        objective,
        x,
        eps=eps,
        norm=norm,
        steps=1,
        step_size=eps,
        init="zero",
        lower=lower,
        upper=upper,
    )


def pgd(
    objective: Objective,
    x: PyTree[ArrayLike],
    key: Array | None = None,
    *,
    eps: PyTree[ArrayLike],
    norm: PyTree[Norm] = "linf",
    steps: int | Array = 10,
    step_size: PyTree[ArrayLike] | None = None,
    init: Init = "uniform",
    lower: PyTree[ArrayLike] | None = None,
    upper: PyTree[ArrayLike] | None = None,
    best: bool = False,
) -> PyTree[Array]:
    """Follow the gradient step by step, and return to the ball after each: the usual attack.

    A step goes where a linear objective would rise most: along the signs for `"linf"`, along the
    gradient for `"l2"`, and for `"l1"` along one coordinate after the other, the steepest first,
    each as far as the box has room.

    Args:
        objective: what should rise; one value for each example.
        x: inputs.
        key: for a random start.
        eps: radius.
        norm: of the ball.
        steps: how many; also a tracer. Each costs a forward and a backward pass.
        step_size: length of a step in the norm, shaped as `eps`; `2.5 * eps / steps` if None.
        init: `"uniform"` starts anywhere in the ball, `"normal"` from noise of a 32nd of its
            radius, `"zero"` at the inputs, where the gradient of a divergence from the inputs is 0.
        lower: bound of the coordinates.
        upper: bound of the coordinates.
        best: whether to return the highest of all points passed, for one more forward pass, instead
            of the last.

    Returns:
        Inputs like `x`.

    Raises:
        TypeError: for inputs that are not of floating point.
        ValueError: for an objective without one value for each example, a random start without a
            key, or shapes that do not fit.

    Example:
        >>> slope = jnp.array([3.0, 4.0])
        >>> pgd(lambda x: x @ slope, jnp.zeros((1, 2)), eps=1.0, norm="l2", init="zero")
        Array([[0.6, 0.8]], dtype=float32)

    Reference: Madry et al. 2018, arXiv:1706.06083; for `"l1"`, Croce and Hein 2021,
        arXiv:2103.01208.
    """
    area = region(x, eps=eps, norm=norm, lower=lower, upper=upper)
    evaluate = area.evaluating(objective)
    if step_size is None:
        size = jax.tree.map(lambda radius: 2.5 * radius / jnp.maximum(steps, 1), area.eps)
    else:
        size = area.lengths("step_size", step_size)

    def ascend(_: Any, state: tuple[PyTree[Array], Highest | None]) -> Any:
        z, top = state
        values, slope = value_and_slope(evaluate, z)
        return area.step(z, slope, size), None if top is None else top.against(z, values)

    start = area.start(key, init)
    z, top = lax.fori_loop(0, steps, ascend, (start, below_all(start) if best else None))
    return area.result(z if top is None else top.against(z, evaluate(z)).point)


def auto_pgd(
    objective: Objective,
    x: PyTree[ArrayLike],
    key: Array | None = None,
    *,
    eps: PyTree[ArrayLike],
    norm: PyTree[Norm] = "linf",
    steps: int = 100,
    momentum: ArrayLike = 0.75,
    init: Init = "uniform",
    lower: PyTree[ArrayLike] | None = None,
    upper: PyTree[ArrayLike] | None = None,
) -> PyTree[Array]:
    """Projected gradient ascent that finds its own step sizes: the attack to evaluate with.

    Steps have momentum and start at twice the radius. At checkpoints, which come closer and closer,
    an example that did not rise in three of four steps, or whose highest point is an old one, goes
    on from there with steps of half the length. With the losses of `jaxloss.adversarial`,
    above all `dlr`, it does not depend on the scale of the logits.

    Args:
        objective: what should rise; one value for each example.
        x: inputs.
        key: for a random start.
        eps: radius.
        norm: of the ball.
        steps: how many; each costs a forward and a backward pass, and there is one more forward.
        momentum: share of the new direction, in [0, 1]; the rest goes on as before.
        init: as in `pgd`.
        lower: bound of the coordinates.
        upper: bound of the coordinates.

    Returns:
        The highest of all points passed.

    Raises:
        TypeError: as `pgd`.
        ValueError: as `pgd`.

    Example:
        >>> objective = lambda x: jnp.sin(3 * x[:, 0]) + x[:, 1]
        >>> objective(auto_pgd(objective, jnp.zeros((1, 2)), eps=1.0, steps=50, init="zero"))
        Array([2.], dtype=float32)

    Reference: Croce and Hein 2020, arXiv:2003.01690.
    """
    area = region(x, eps=eps, norm=norm, lower=lower, upper=upper)
    evaluate = area.evaluating(objective)
    windows = jnp.asarray(_windows(steps))

    def ascend(step: Array, state: _Ascent) -> _Ascent:
        z, values = state.z, state.values
        found, slope = value_and_slope(evaluate, z)
        rises = state.rises + jnp.where(found > values, 1.0, 0.0)
        top = state.top.against((z, slope), found)

        due = windows[step] > 0
        slow = rises < 0.75 * windows[step]
        stuck = ~state.halved & (top.values <= state.passed)
        halved = due & (slow | stuck)
        factor = jnp.where(halved, state.factor / 2, state.factor)
        # A new start is where the next rise is measured from, too.
        (z, slope), found = choose(halved, (top.point, top.values), ((z, slope), found))

        ahead = area.step(z, slope, scaled(factor, area.eps))
        share = jnp.where(step > 0, momentum, 1)
        moved = jax.tree.map(
            lambda z, ahead, before: z + share * (ahead - z) + (1 - share) * (z - before),
            z,
            ahead,
            state.before,
        )
        return _Ascent(
            z=area.inside(moved),
            before=z,
            top=top,
            values=found,
            factor=factor,
            rises=jnp.where(due, 0, rises),
            halved=jnp.where(due, halved, state.halved),
            passed=jnp.where(due, top.values, state.passed),
        )

    z = area.start(key, init)
    _, none = below_all(z)
    start = _Ascent(
        z=z,
        before=z,
        top=Highest((z, jax.tree.map(jnp.zeros_like, z)), none),
        values=none,
        factor=jnp.full_like(none, 2),
        rises=jnp.zeros_like(none),
        halved=none > 0,
        passed=none,
    )
    last = lax.fori_loop(0, steps, ascend, start)
    (point, _), _ = last.top.against((last.z, last.z), evaluate(last.z))
    return area.result(point)


class _Ascent(NamedTuple):
    """What `auto_pgd` carries along.

    Attributes:
        z: where the examples are.
        before: where they were.
        top: highest point so far, and the gradient there.
        values: of the objective at the point before this one.
        factor: length of a step in radii.
        rises: steps that rose since the last checkpoint.
        halved: whether steps were halved at the last checkpoint.
        passed: highest value at the last checkpoint.
    """

    z: PyTree[Array]
    before: PyTree[Array]
    top: Highest
    values: Array
    factor: Array
    rises: Array
    halved: Array
    passed: Array


def _windows(steps: int) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    """Steps since the last checkpoint, where there is one; 0 elsewhere."""
    windows = np.zeros(max(steps, 1), np.float32)
    # In hundredths of the steps, which do not round.
    last, place, gap = 0, 0, 22
    while (place := place + gap) < 100:
        here = -(-place * steps // 100)
        if last < here < steps:
            windows[here] = here - last
        last, gap = here, max(gap - 3, 6)
    return windows


def power_iteration(
    objective: Objective,
    x: PyTree[ArrayLike],
    key: Array | None = None,
    *,
    eps: PyTree[ArrayLike],
    steps: int | Array = 1,
    lower: PyTree[ArrayLike] | None = None,
    upper: PyTree[ArrayLike] | None = None,
) -> PyTree[Array]:
    """Move a Euclidean distance in the direction of greatest curvature: virtual adversarial.

    For objectives with a minimum at the inputs, such as a divergence from what a model says there:
    their gradient is 0 and points nowhere. Products with the Hessian are exact, where the paper
    takes differences of gradients.

    Args:
        objective: what should rise; one value for each example.
        x: inputs.
        key: for the direction to begin with; needed.
        eps: distance.
        steps: how many; each costs about two forward and backward passes.
        lower: bound of the coordinates.
        upper: bound of the coordinates.

    Returns:
        Inputs like `x`.

    Raises:
        TypeError: as `pgd`.
        ValueError: as `pgd`.

    Example:
        >>> valley = lambda x: 3 * x[:, 0] ** 2 + x[:, 1] ** 2
        >>> moved = power_iteration(valley, jnp.zeros((1, 2)), jax.random.key(0), eps=1.0, steps=20)
        >>> jnp.abs(moved)
        Array([[1., 0.]], dtype=float32)

    Reference: Miyato et al. 2018, arXiv:1704.03976.
    """
    area = region(x, eps=eps, norm="l2", lower=lower, upper=upper)
    evaluate = area.evaluating(objective)

    def unit(change: PyTree[Array]) -> PyTree[Array]:
        each = jax.vmap(functools.partial(on_vectors, normalize))
        return jax.tree.map(lambda _, part: each(part), area.eps, change)

    def slope(z: PyTree[Array]) -> PyTree[Array]:
        return value_and_slope(evaluate, z)[1]

    def sharpen(_: Any, way: PyTree[Array]) -> PyTree[Array]:
        return unit(jax.jvp(slope, (area.x,), (way,))[1])

    way = lax.fori_loop(0, steps, sharpen, unit(area.noise(key, "normal")))
    # A step along a slope moves as far as the norm allows.
    return area.result(area.step(area.x, way, area.eps))


def restarted(attack: Attack, count: int) -> Attack:
    """Run an attack several times, and keep for each example the result that is highest.

    Args:
        attack: one that starts at random.
        count: how often it runs, one after the other.

    Returns:
        An attack that takes the options of the one given.

    Example:
        >>> humps = lambda x: jnp.sin(7 * x[:, 0]) + x[:, 0]
        >>> often = restarted(pgd, 10)
        >>> often(humps, jnp.zeros((2, 1)), jax.random.key(0), eps=1.0, steps=50)
        Array([[1.],
               [1.]], dtype=float32)
    """

    @functools.wraps(attack)
    def strongest(
        objective: Objective, x: PyTree[ArrayLike], key: Array, **options: Any
    ) -> PyTree[Array]:
        arrays = lax.stop_gradient(jax.tree.map(jnp.asarray, x))
        evaluate = frozen(objective, arrays)

        def challenge(top: Highest, key: Array) -> tuple[Highest, None]:
            z = attack(evaluate, arrays, key, **options)
            return top.against(z, evaluate(z)), None

        top, _ = lax.scan(challenge, below_all(arrays), jax.random.split(key, count))
        return lax.stop_gradient(top.point)

    return strongest
