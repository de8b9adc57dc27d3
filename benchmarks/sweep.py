"""Every loss of the catalogue: value and gradient over batch sizes, and over hyperparameters.

For each batch size one row: the loss with its defaults, one program vmapped over several settings
of all float hyperparameters, and the same settings one call after another.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np

from benchmarks import run
from benchmarks.results import FLOOR, ONE_BY_ONE, VMAPPED, Row
from benchmarks.timing import Competitor, compiled, measure, reason
from jaxloss import catalogue
from jaxloss.domains import DOMAINS
from jaxloss.lab.errors import LabError
from jaxloss.testing.case import Case

LARGEST_ARGUMENTS, LARGEST_TEMPORARY = 1 << 28, 1 << 30
"""Bytes above which a batch is halved: losses of all pairs take the square of the last axis."""
PROBED = 64
"""Batch whose program tells how much temporary memory an example takes."""


def chosen(names: Sequence[str] | None) -> list[catalogue.Row]:
    """Rows of the catalogue.

    Args:
        names: of losses and of families; None for all.

    Raises:
        LabError: for an unknown name.
    """
    found: dict[str, catalogue.Row] = {}
    for name in [row.name for row in catalogue.LOSSES] if names is None else names:
        try:
            rows = catalogue.FAMILIES.get(name) or (catalogue.find(name),)
        except KeyError as error:
            raise LabError(str(error.args[0])) from None
        found.update({row.name: row for row in rows})
    return list(found.values())


def rows(
    losses: Sequence[catalogue.Row],
    batches: Sequence[int],
    *,
    size: int,
    levels: int,
    rounds: int,
    seconds: float,
) -> Iterator[Row]:
    """Measure losses one after another.

    Args:
        losses: rows of the catalogue.
        batches: batch sizes.
        size: of the last axis, as the domain of the loss means it.
        levels: settings of the hyperparameters.
        rounds: turns of each program.
        seconds: for one row, after which it is left at the rounds that it has.
    """
    for loss in losses:
        for reads in loss.reads:
            case = Case(loss.loss, DOMAINS[reads], loss.gives)
            labels = {"reads": reads, "levels": f"{levels} settings"}
            # One loss that breaks does not keep the others from being measured.
            try:
                fitting = _fitting(case, batches, size, levels)
            except Exception as error:
                sizes = {"batch": max(batches), "size": size}
                yield Row(loss.name, sizes, labels, 0, 0, {}, {"jaxloss": reason(error)})
                continue
            for batch in fitting:
                yield _row(loss.name, case, batch, size, labels, levels, rounds, seconds)


def _row(
    name: str,
    case: Case,
    batch: int,
    size: int,
    labels: Mapping[str, str],
    levels: int,
    rounds: int,
    seconds: float,
) -> Row:
    step, arguments = _step(case, batch, size)
    first = _bytes(arguments[0])
    makers: dict[str, Callable[[], Competitor]] = {
        # Arguments are read once and the gradient, like the first of them, is written.
        FLOOR: run.floor(_bytes(arguments) + first),
        "jaxloss": lambda: compiled(step, *arguments, {}),
    }
    settings = _settings(case, arguments, levels)
    if settings:
        makers[VMAPPED] = lambda: _vmapped(step, arguments, settings)
        makers[ONE_BY_ONE] = lambda: _one_by_one(step, arguments, settings)
    systems, failed = measure(makers, rounds, seconds)
    sizes = {"batch": batch, "size": size}
    return Row(name, sizes, labels, _bytes(arguments) + first, first, systems, failed)


def _step(case: Case, batch: int, size: int) -> tuple[Callable[..., Any], tuple[Any, Any, Any]]:
    """Value and gradient of the mean, and its arguments but the hyperparameters."""
    given = case.draw(0, (batch,), size)
    place = case.domain.floating[0]
    positional = jax.tree.map(jnp.asarray, list(given.positional))
    first = positional.pop(place)
    arrays = {k: jnp.asarray(v) for k, v in given.options.items() if isinstance(v, np.ndarray)}
    fixed = {k: v for k, v in given.options.items() if k not in arrays}

    def mean(first: Any, others: Any, options: Any, hyper: Any) -> jax.Array:
        arguments = [*others[:place], first, *others[place:]]
        return jnp.mean(case.loss(*arguments, **options, **fixed, **hyper))

    return jax.value_and_grad(mean), (first, positional, arrays)


def _settings(case: Case, arguments: tuple[Any, Any, Any], levels: int) -> list[dict[str, Any]]:
    """Settings of all float hyperparameters, a little below their defaults.

    Below, because many end at their default or at 1; a default of 0 is raised instead.
    """
    floats = {k: v for k, v in case.hyperparameters.items() if k not in arguments[2]}
    if not floats:
        return []
    return [
        {name: jnp.float32(share * value if value else 1 - share) for name, value in floats.items()}
        for share in np.linspace(0.9, 1, levels).tolist()
    ]


def _vmapped(
    step: Callable[..., Any], arguments: tuple[Any, ...], settings: Sequence[dict[str, Any]]
) -> Competitor:
    stacked: Any = jax.tree.map(lambda *levels: jnp.stack(levels), *settings)
    return compiled(jax.vmap(step, in_axes=(None, None, None, 0)), *arguments, stacked)


def _one_by_one(
    step: Callable[..., Any], arguments: tuple[Any, ...], settings: Sequence[dict[str, Any]]
) -> Competitor:
    program = jax.jit(step).lower(*arguments, settings[0]).compile()
    return Competitor(
        lambda: jax.block_until_ready([program(*arguments, setting) for setting in settings])
    )


def _fitting(case: Case, batches: Sequence[int], size: int, levels: int) -> list[int]:
    """Batches, halved until their arguments and temporaries are not too large."""
    probed = min(PROBED, *batches)
    step, arguments = _step(case, probed, size)
    temporary = levels * (compiled(step, *arguments, {}).temp_bytes or 0)
    largest = probed * min(
        LARGEST_ARGUMENTS / max(1, _bytes(arguments)), LARGEST_TEMPORARY / max(1, temporary)
    )
    fitting: list[int] = []
    for batch in batches:
        while batch > max(1, largest):
            batch //= 2
        fitting.append(batch)
    return list(dict.fromkeys(fitting))


def _bytes(tree: Any) -> int:
    return sum(getattr(leaf, "nbytes", 0) for leaf in jax.tree.leaves(tree))
