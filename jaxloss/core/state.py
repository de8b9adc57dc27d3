"""State that a loss keeps beside the parameters: moving averages over batches."""

from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Float

from jaxloss.core.checks import hyperparameters


def moved(
    state: Float[Array, "*any"], batch: Float[Array, "*any"], momentum: ArrayLike
) -> Float[Array, "*any"]:
    """The next state, of which the old one is a share `momentum`; it carries no gradient."""
    (share,) = hyperparameters(state, momentum=momentum)
    return lax.stop_gradient(share * state + (1 - share) * batch)
