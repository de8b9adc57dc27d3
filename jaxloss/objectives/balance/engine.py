"""The engine of balanced gradients: a forward pass, pullbacks of tasks, a balancer, a report."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from itertools import combinations
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array, lax
from jax.typing import ArrayLike
from jaxtyping import Float, PyTree

from jaxloss.core.mesh import alike
from jaxloss.core.numerics import safe_divide, safe_sqrt
from jaxloss.objectives.balance.balancer import Balancer, Statistics
from jaxloss.objectives.balance.pullbacks import (
    combined,
    gramian_of_chunks,
    inner_products,
    rows_of,
)
from jaxloss.objectives.objective import Objective, Report, weigh

Wrt = str | Sequence[str] | Callable[[str], bool]
Evaluated = tuple[dict[str, Array], dict[str, Array], Any]


@dataclasses.dataclass(frozen=True, eq=False)
class Engine:
    """What both forms of a balanced gradient share.

    Attributes:
        objective: the terms and their weights.
        balancer: makes one gradient of those of the tasks.
        tasks: names of the terms to balance; all if None.
        chunk: tasks that are pulled back at once; all if None.
        wrt: chooses parameters whose gradients are looked at; all if None.

    Raises:
        ValueError: for tasks that are not different names, a chunk below 1, or `wrt` with a
            balancer that needs the Jacobian.
    """

    objective: Objective
    balancer: Balancer
    tasks: Sequence[str] | None
    chunk: int | None
    wrt: Wrt | None

    def __post_init__(self) -> None:
        if self.tasks is not None and (
            isinstance(self.tasks, str) or len(set(self.tasks)) < len(self.tasks)
        ):
            raise ValueError(f"expected `tasks` to be different names, got {self.tasks!r}")
        if self.chunk is not None and self.chunk < 1:
            raise ValueError(f"expected `chunk` of at least 1, got {self.chunk}")
        if self.wrt is not None and self.balancer.needs == "jacobian":
            raise ValueError("a balancer that needs the Jacobian weighs every parameter: no `wrt`")

    def init(self, *args: Any) -> Any:
        """State for the first step.

        Args:
            args: what the step will be called with, parameters first and without a state: arrays,
                or their shapes (`jax.ShapeDtypeStruct`). Nothing is computed; none are needed where
                `tasks` were named.

        Returns:
            The state of the balancer, a pytree of arrays.
        """
        if self.tasks is not None:
            return self.balancer.init(len(self.tasks))
        if not args:
            raise TypeError("pass the arguments of the step to init, or name the tasks")
        return self.balancer.init(len(self._among(jax.eval_shape(self.losses, *args))))

    def losses(self, *args: Any) -> dict[str, Any]:
        """Named losses as the terms return them, of the arguments of `init`."""
        raise NotImplementedError

    def _among(self, terms: Mapping[str, Any]) -> tuple[str, ...]:
        """Names of the tasks among given terms."""
        unknown = sorted(set(self.tasks or ()) - set(terms))
        if unknown:
            raise ValueError(
                f"no term is called {', '.join(map(repr, unknown))}, as `tasks` has it; the terms "
                f"are {', '.join(map(repr, terms))}"
            )
        names = tuple(sorted(terms) if self.tasks is None else self.tasks)
        if not names:
            raise ValueError("there is no task to balance")
        return names

    def descend(
        self,
        evaluate: Callable[[Any, Any], Evaluated],
        shared: PyTree[Array],
        own: PyTree[Array],
        state: Any,
        key: Array | None,
    ) -> tuple[tuple[Array, Report, Any], PyTree[Array], PyTree[Array], Any]:
        """Balanced gradient with respect to `shared`, and the plain one with respect to `own`."""
        balancer = self.balancer
        if balancer.random and key is None:
            raise ValueError("the balancer draws at random: pass key=")

        def split(shared: PyTree[Array], own: PyTree[Array]) -> Any:
            values, factors, aux = evaluate(shared, own)
            total, report = weigh(values, factors)
            others = {name: factors[name] * value for name, value in values.items()}
            tasks = {name: others.pop(name) for name in self._among(values)}
            return (tasks, others), (total, report, aux)

        (tasks, others), pull, (total, report, aux) = jax.vjp(split, shared, own, has_aux=True)
        names = self._among(tasks)

        def pulled(weights: Any, rest: float) -> tuple[PyTree[Array], PyTree[Array]]:
            of_tasks = {name: _like(tasks[name], w) for name, w in zip(names, weights, strict=True)}
            return pull((of_tasks, {name: _like(other, rest) for name, other in others.items()}))

        chosen = _chooser(self.wrt, shared)
        statistics = Statistics(jnp.stack([tasks[name] for name in names]))
        jacobian = None
        if balancer.needs != "losses":
            basis = jnp.eye(len(names), dtype=statistics.losses.dtype)

            def row(weights: Array) -> PyTree[Array]:
                return chosen(pulled(weights, 0.0)[0])

            if balancer.needs == "gramian" and self.chunk is not None:
                gramian = gramian_of_chunks(row, basis, self.chunk)
            else:
                jacobian = rows_of(row, basis, self.chunk)
                gramian = inner_products(jacobian, jacobian)
            asked = {"gramian": gramian, "jacobian": jacobian}[balancer.needs]
            statistics = statistics._replace(**{balancer.needs: asked})
            report |= _of_gradients(names, lax.stop_gradient(gramian))

        weights, state = balancer.update(lax.stop_gradient(statistics), state, key)
        weights = lax.stop_gradient(weights)
        if jacobian is None or self.wrt is not None:
            grads, _ = pulled(weights, 1.0)
        else:
            grads = combined(balancer, weights, jacobian)
            if others:
                # Its forward pass is one with the other, or is left out, once compiled.
                rest = jax.grad(lambda shared: sum(split(shared, own)[0][1].values()))(shared)
                grads = jax.tree.map(jnp.add, grads, rest)
        of_own = pulled([1.0] * len(names), 1.0)[1] if jax.tree.leaves(own) else own
        if balancer.needs != "jacobian":
            for name, weight in zip(names, weights, strict=True):
                report[f"{name}/balanced_weight"] = report[f"{name}/weight"] * weight
        report |= _converged(state)
        return (total, report, aux), grads, of_own, state


def _chooser(wrt: Wrt | None, params: PyTree[Array]) -> Callable[[PyTree[Array]], PyTree[Array]]:
    """Function to those leaves of a gradient that `wrt` chooses."""
    if wrt is None:
        return lambda grads: grads
    chooses = wrt if callable(wrt) else _under((wrt,) if isinstance(wrt, str) else tuple(wrt))
    paths = [
        jax.tree_util.keystr(path, simple=True, separator="/")
        for path, _ in jax.tree_util.tree_leaves_with_path(params)
    ]
    kept = [bool(chooses(path)) for path in paths]
    if not any(kept):
        raise ValueError(f"`wrt` chooses no parameter; their paths are {', '.join(paths)}")
    return lambda grads: [
        leaf for leaf, keep in zip(jax.tree.leaves(grads), kept, strict=True) if keep
    ]


def _under(prefixes: tuple[str, ...]) -> Callable[[str], bool]:
    return lambda path: any(f"{path}/".startswith(f"{prefix}/") for prefix in prefixes)


def _of_gradients(names: Sequence[str], gramian: Float[Array, "T T"]) -> Report:
    """What a Gramian tells: norms, cosines of pairs, and how many pairs are in conflict."""
    norms = safe_sqrt(jnp.diagonal(gramian))
    cosines = safe_divide(gramian, norms[:, None] * norms)
    report: Report = {f"{name}/gradient_norm": norms[i] for i, name in enumerate(names)}
    pairs = list(combinations(range(len(names)), 2))
    for i, j in pairs:
        report[f"{names[i]}~{names[j]}/cosine"] = cosines[i, j]
    conflicts = jnp.sum(jnp.triu(gramian, 1) < 0)
    report["conflict_rate"] = conflicts / jnp.asarray(max(len(pairs), 1), gramian.dtype)
    return report


def _converged(state: Any) -> Report:
    """The field of that name, for balancers that solve something."""
    found = state.get("converged") if isinstance(state, Mapping) else None
    found = getattr(state, "converged", found)
    return {} if found is None else {"converged": found}


def _like(like: Array, value: ArrayLike) -> Array:
    """A cotangent of the type of a scalar."""
    return alike(jnp.asarray(value, like.dtype), like)
