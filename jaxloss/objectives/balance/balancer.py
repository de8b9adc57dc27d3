"""What every balancer is: a pair of pure functions, as Optax's transformations are."""

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

from jax import Array
from jaxtyping import Float, PyTree

Needs = Literal["losses", "gramian", "jacobian"]


class Statistics(NamedTuple):
    """What a balancer may look at in one step; `T` tasks.

    Attributes:
        losses: value of each task.
        gramian: inner products of the gradients of the tasks; None where the balancer does not ask
            for it.
        jacobian: gradients of the tasks, leaves of the parameters with a leading axis `T`; None
            where the balancer does not ask for it.
    """

    losses: Float[Array, " T"]
    gramian: Float[Array, "T T"] | None = None
    jacobian: PyTree[Float[Array, "T ..."]] | None = None


class Balancer(NamedTuple):
    """A way to make one gradient from those of several tasks.

    Attributes:
        init: from the number of tasks to a state, a pytree of arrays.
        update: from statistics, state and a random key to weights and the next state. Weights are
            one number for each task, or (where `needs` is `"jacobian"`) a pytree in the shape of
            the Jacobian, of a number for each entry. They carry no gradient.
        needs: what `update` looks at: `"losses"` costs one backward pass, `"gramian"` and
            `"jacobian"` one for each task.
        random: whether `update` wants a key.
    """

    init: Callable[[int], Any]
    update: Callable[[Statistics, Any, Array | None], tuple[PyTree[Array], Any]]
    needs: Needs = "losses"
    random: bool = False
