"""The contract of a loss as properties that run on any loss, yours included.

    >>> import jax.numpy as jnp
    >>> from jaxloss import checks, testing
    >>> def asymmetric(pred, target, *, slope=2.0):
    ...     hyper = {"slope": slope}
    ...     pred, target, slope = checks.elementwise(pred=pred, target=target, hyper=hyper)
    ...     return jnp.where(pred > target, slope, 1) * jnp.square(pred - target)
    >>> testing.check(asymmetric, reads="reals", gives="element", claims=("nonnegative", "convex"))

`check` runs them all; with pytest, parametrise over `PROPERTIES` to see each by name. Arguments
come from `jaxloss.domains`: name a domain, or make a `Domain` of your own.
"""

import inspect
from collections.abc import Callable, Iterable
from typing import Literal

from jax import Array

from jaxloss.domains import DOMAINS, Domain
from jaxloss.testing import claims as claims, properties as properties
from jaxloss.testing.case import Case as Case
from jaxloss.testing.claims import CLAIMED as CLAIMED
from jaxloss.testing.properties import PROPERTIES as PROPERTIES, applies as applies


def check(
    loss: Callable[..., Array],
    *,
    reads: str | Domain,
    gives: Literal["element", "row"],
    claims: Iterable[str] = (),
    holds: Iterable[str] = (),
) -> None:
    """Run every property of the contract, and the claimed ones, on a loss.

    Args:
        loss: function to test; its documentation is not looked at.
        reads: a domain, or the name of one in `jaxloss.domains.DOMAINS`.
        gives: one value for each element of the first argument, or for each row.
        claims: keys of `CLAIMED`.
        holds: hyperparameters of nothing but what is held constant, without a derivative.

    Raises:
        AssertionError: for the first property that fails; its name stands in a note.
        KeyError: for an unknown domain or claim.
    """
    domain = DOMAINS[reads] if isinstance(reads, str) else reads
    case = Case(loss, domain, gives, frozenset(claims), frozenset(holds))
    meaningful = [prove for prove in PROPERTIES if applies(prove, case)]
    for prove in (*meaningful, *(CLAIMED[claim] for claim in case.claims)):
        try:
            prove(case)
        except Exception as error:
            name = getattr(loss, "__name__", repr(loss))
            error.add_note(f"property {prove.__name__!r} of {name}: {inspect.getdoc(prove)}")
            raise
