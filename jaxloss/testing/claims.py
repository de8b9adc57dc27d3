"""What a loss may claim of itself."""

from collections.abc import Callable, Mapping

import jax.numpy as jnp
from jax import Array

from jaxloss.domains import Arguments
from jaxloss.testing.case import Case, cast, close, float64


def never_falls_below_zero(case: Case) -> None:
    """Values are at least 0, up to rounding."""
    for name, given in {"draw": case.draw(20, batch=(50,)), **case.edges()}.items():
        lowest = float(jnp.min(case.values(given)))
        assert lowest >= -1e-6, f"{lowest} at {name}"


def is_zero_for_perfect_predictions(case: Case) -> None:
    """The loss of a perfect prediction is exactly 0."""
    assert case.domain.perfect is not None, "the domain does not know a perfect prediction"
    # Eagerly: compiled, a product and a sum may round once where they round twice elsewhere.
    values = case.values(case.domain.perfect(case.draw(21, batch=(50,))), jit=False)
    assert jnp.all(values == 0), f"largest {jnp.max(jnp.abs(values))}"


def is_symmetric(case: Case) -> None:
    """Prediction and target may trade places."""
    given = case.draw(22, batch=(50,))
    first, second, *rest = given.positional
    swapped = Arguments((second, first, *rest), given.options)
    close(case.values(given), case.values(swapped), "swapped", rtol=1e-5, atol=1e-6)


def is_convex(case: Case) -> None:
    """In the first argument, the value half-way is at most the mean of the values at the ends."""
    one, two = case.draw(23, batch=(50,)), case.draw(24, batch=(50,))
    rest = one.positional[1:]
    middle = (one.positional[0] + two.positional[0]) / 2
    ends = case.values(one) + case.values(Arguments((two.positional[0], *rest), one.options))
    excess = case.values(Arguments((middle, *rest), one.options)) - ends / 2
    assert float(jnp.max(excess)) <= 1e-4, f"by {jnp.max(excess)}"


def is_bounded(case: Case) -> None:
    """A thousand times larger scores cost no more than a hundred times larger ones."""
    given = case.draw(25, batch=(50,))
    far, farther = (
        case.values(Arguments((given.positional[0] * scale, *given.positional[1:]), given.options))
        for scale in (1e3, 1e6)
    )
    limit = 1.1 * float(jnp.max(far)) + 1e-3
    assert float(jnp.max(farther)) <= limit, f"{jnp.max(farther)} beyond {limit}"


def is_shift_invariant(case: Case) -> None:
    """A constant added to all scores of a row changes nothing."""
    given = case.draw(26, batch=(50,))
    moved = Arguments((given.positional[0] + 3, *given.positional[1:]), given.options)
    close(case.values(moved), case.values(given), "shifted", rtol=1e-4, atol=1e-5)


def is_scale_invariant(case: Case) -> None:
    """A prediction multiplied by a positive number costs the same."""
    given = case.draw(27, batch=(50,))
    scaled = Arguments((given.positional[0] * 7, *given.positional[1:]), given.options)
    close(case.values(scaled), case.values(given), "scaled", rtol=1e-4, atol=1e-5)


def holds_weights_constant(case: Case) -> None:
    """The gradient is not the slope of the values along arguments that grow at various rates."""
    with float64():
        given = cast(case.draw(28, batch=(50,)), jnp.float64)
        places = case.domain.floating
        step = 1e-6

        def total(rate: float) -> Array:
            grown = [
                x * (1 + (i + 1) * rate) if i in places else x
                for i, x in enumerate(given.positional)
            ]
            return jnp.sum(case.values(Arguments(tuple(grown), given.options)))

        slope = (total(step) - total(-step)) / (2 * step)
        gradients = case.gradients(given)[1]
        along = [
            (i + 1) * jnp.vdot(gradient, given.positional[i])
            for gradient, i in zip(gradients, places, strict=True)
        ]
        apart = float(jnp.abs(sum(along, start=jnp.zeros(())) - slope))
    # Rounding and the step leave 1e-8 of it.
    assert apart > 1e-4 * abs(float(slope)), f"{apart} apart from a slope of {slope}"


CLAIMED: Mapping[str, Callable[[Case], None]] = {
    "nonnegative": never_falls_below_zero,
    "zero_at_target": is_zero_for_perfect_predictions,
    "symmetric": is_symmetric,
    "convex": is_convex,
    "bounded": is_bounded,
    "shift_invariant": is_shift_invariant,
    "scale_invariant": is_scale_invariant,
    "held": holds_weights_constant,
}
"""Properties that a loss may claim, by the word for them in the catalogue."""
