"""One balanced gradient of many tasks, as a drop-in for `jax.value_and_grad`."""

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
from jaxloss.objectives.objective import Objective, Report, Weight, named, objective, weigh

Wrt = str | Sequence[str] | Callable[[str], bool]
Evaluated = tuple[dict[str, Array], dict[str, Array], Any]


def value_and_grad(
    terms: Objective | Callable[..., Any],
    balancer: Balancer,
    *,
    tasks: Sequence[str] | None = None,
    wrt: Wrt | None = None,
    chunk: int | None = None,
) -> "Balanced":
    """Value of an objective, and a gradient that balances its terms.

    A weight that the objective gives to a task scales it before it is balanced. Terms that are no
    tasks (penalties) are added to the gradient with their weights, as they are.

    A balancer that needs the losses costs one backward pass. The others cost one forward pass and a
    pullback for each task, all at once by `jax.vmap`; inner products of gradients are taken leaf by
    leaf, in float32 at least. Compile the step: what is not needed is then left out.

    Args:
        terms: an `Objective`, or the function that one is made of.
        balancer: makes one gradient of those of the tasks.
        tasks: names of the terms to balance, in the order of the balancer's arrays; all of them in
            the order of their names if None.
        wrt: parameters whose gradients the balancer sees, such as the last layer that the tasks
            share; all of them if None. A path that begins theirs (keys joined by slashes,
            `"trunk/last"`), several, or a function of a path. The weights then serve a single
            backward pass through everything, and XLA leaves the rest out of the pullbacks.
        chunk: tasks that are pulled back at once, which saves memory; all if None. For a balancer
            that needs the Gramian, the gradients of the tasks are then not kept either: the weights
            serve one more backward pass. A chunk of all tasks costs that pass and no more, and
            holds the gradients of a leaf at a time; of two chunks the Gramian needs each pair, so
            that `n` chunks cost `(n + 1) / 2` times the pullbacks.

    Returns:
        A function `(params, state, *args, key=None, step=None, weights=None)` to
        `((value, report), grads, state)`, with `init` for the first state.

    Raises:
        ValueError: for a chunk below 1, or `wrt` with a balancer that needs the Jacobian.

    Example:
        >>> from jaxloss.objectives.balance.losses import log_sum
        >>> def terms(slope, x):
        ...     return {"near": jnp.mean((slope * x - 1)**2), "far": jnp.mean((slope * x - 9)**2)}
        >>> step = value_and_grad(terms, log_sum())
        >>> slope, x = 2.0, jnp.array([1.0, 2.0])
        >>> state = step.init(slope, x)
        >>> (value, report), grads, state = jax.jit(step)(slope, state, x)
        >>> value, report["far/balanced_weight"], grads
        (Array(42., dtype=float32), Array(0.027, dtype=float32), Array(0.9541, dtype=float32))
    """
    _check_chunk(chunk)
    if wrt is not None and balancer.needs == "jacobian":
        raise ValueError("a balancer that needs the Jacobian weighs every parameter: leave out wrt")
    return Balanced(_composed(terms), balancer, _names(tasks), chunk, wrt)


def shared_value_and_grad(
    trunk: Callable[..., Any],
    heads: Objective | Callable[..., Any],
    balancer: Balancer,
    *,
    tasks: Sequence[str] | None = None,
    chunk: int | None = None,
    has_aux: bool = False,
) -> "SharedBalanced":
    """Value and balanced gradient for heads on shared features: one pullback through the trunk.

    The balancer sees the gradients with respect to the features, whose Gramian bounds that of the
    gradients with respect to the trunk up to its largest singular value (MGDA-UB). Each head keeps
    the gradient of its own terms.

    Args:
        trunk: pure function `(shared, *args)` to features, a pytree of floating point arrays.
        heads: function `(own, features, *args)` to named losses, or an `Objective` made of one.
        balancer: as in `value_and_grad`.
        tasks: as in `value_and_grad`.
        chunk: as in `value_and_grad`.
        has_aux: whether the trunk returns a pair, of features and anything else (new batch
            statistics).

    Returns:
        As `value_and_grad` does; parameters and gradients are pairs, of the trunk's and the heads'.
        With `has_aux`, here or in the objective, the report comes in a pair with what was returned
        beside; with both, that is a pair of the trunk's and the heads'.

    Raises:
        ValueError: for a chunk below 1.

    Example:
        >>> from jaxloss.objectives.balance.losses import static
        >>> def heads(offset, features, x):
        ...     return {"up": (features - offset) ** 2, "down": (features + 1) ** 2}
        >>> step = shared_value_and_grad(lambda slope, x: slope * x, heads, static(weights=[0, 1]))
        >>> params = (2.0, 1.0)
        >>> (value, report), grads, _ = step(params, step.init(params, 3.0), 3.0)
        >>> value, grads
        (Array(74., ...), (Array(30., ...), Array(-10., ...)))

    Reference: Sener and Koltun 2018, arXiv:1810.04650.
    """
    _check_chunk(chunk)
    return SharedBalanced(_composed(heads), balancer, _names(tasks), chunk, None, trunk, has_aux)


@dataclasses.dataclass(frozen=True, eq=False)
class _Balanced:
    """What both forms share.

    Attributes:
        objective: the terms and their weights.
        balancer: makes one gradient of those of the tasks.
        tasks: names of the terms to balance; all if None.
        chunk: tasks that are pulled back at once; all if None.
        wrt: chooses parameters whose gradients are looked at; all if None.
    """

    objective: Objective
    balancer: Balancer
    tasks: tuple[str, ...] | None
    chunk: int | None
    wrt: Wrt | None

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
        return self.balancer.init(len(self._among(jax.eval_shape(self._losses, *args))))

    def _losses(self, *args: Any) -> dict[str, Any]:
        """Named losses as the terms return them."""
        raise NotImplementedError

    def _among(self, terms: Mapping[str, Any]) -> tuple[str, ...]:
        """Names of the tasks among given terms."""
        unknown = sorted(set(self.tasks or ()) - set(terms))
        if unknown:
            raise ValueError(
                f"no term is called {', '.join(map(repr, unknown))}, as `tasks` has it; the terms "
                f"are {', '.join(map(repr, terms))}"
            )
        names = tuple(sorted(terms)) if self.tasks is None else self.tasks
        if not names:
            raise ValueError("there is no task to balance")
        return names

    def _descend(
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


@dataclasses.dataclass(frozen=True, eq=False)
class Balanced(_Balanced):
    """What `value_and_grad` returns: call it in a train step, and `init` before the first."""

    def __call__(
        self,
        params: PyTree[Any],
        state: Any,
        *args: Any,
        key: Array | None = None,
        step: ArrayLike | None = None,
        weights: Mapping[str, Weight] | None = None,
    ) -> tuple[tuple[Array, Any], PyTree[Any], Any]:
        """Value, report, balanced gradient and the next state.

        Args:
            params: what is optimised; the first argument of the terms.
            state: of the balancer, from `init` or the step before.
            args: the other arguments of the terms.
            key: for a balancer that draws at random; a new one in each step.
            step: training step for scheduled weights.
            weights: weights that replace those of the objective, by name.

        Returns:
            `((value, report), grads, state)`. The value is that of the objective, not balanced, so
            that it can be compared between steps. To the report of the objective are added, for
            each task, `name/balanced_weight`, by which its gradient is multiplied in the end, and
            if the balancer looks at gradients, `name/gradient_norm` (of the task times its weight),
            `name~other/cosine` for each pair, `conflict_rate`, the share of pairs whose cosine is
            negative, and `converged` where the balancer's state has it. With an objective that has
            aux, a pair of the report and the aux is in the place of the report.

        Raises:
            TypeError: for parameters that are not of floating point, or as the objective does.
            ValueError: for a task that no term is called, a missing key, a `wrt` that chooses
                nothing, or as the objective does.
        """
        _demand_floating("params", params)

        def evaluate(params: PyTree[Any], own: tuple[()]) -> Evaluated:
            del own
            return self.objective.evaluate(params, *args, step=step, weights=weights)

        (value, report, aux), grads, _, state = self._descend(evaluate, params, (), state, key)
        return (value, (report, aux) if self.objective.has_aux else report), grads, state

    def _losses(self, *args: Any) -> dict[str, Any]:
        return _named(self.objective, *args)


@dataclasses.dataclass(frozen=True, eq=False)
class SharedBalanced(_Balanced):
    """What `shared_value_and_grad` returns: call it in a train step, and `init` before the first.

    Attributes:
        trunk: function to the shared features.
        has_aux: whether the trunk returns something beside them.
    """

    trunk: Callable[..., Any]
    has_aux: bool

    def __call__(
        self,
        params: tuple[PyTree[Any], PyTree[Any]],
        state: Any,
        *args: Any,
        key: Array | None = None,
        step: ArrayLike | None = None,
        weights: Mapping[str, Weight] | None = None,
    ) -> tuple[tuple[Array, Any], tuple[PyTree[Any], PyTree[Any]], Any]:
        """Value, report, balanced gradients and the next state, as `Balanced` gives them.

        Args:
            params: a pair of the trunk's and the heads' parameters.
            state: as in `Balanced`.
            args: the last arguments of the trunk, and of the heads.
            key: as in `Balanced`.
            step: as in `Balanced`.
            weights: as in `Balanced`.

        Returns:
            As in `Balanced`, the gradients a pair. Balanced weights act on the trunk only, and
            norms and cosines are those of gradients with respect to the features.
        """
        shared, heads = params
        _demand_floating("params", params)
        features, pull, beside = jax.vjp(
            lambda shared: self._features(shared, *args), shared, has_aux=True
        )
        _demand_floating("features", features)

        def evaluate(features: PyTree[Any], heads: PyTree[Any]) -> Evaluated:
            return self.objective.evaluate(heads, features, *args, step=step, weights=weights)

        result, of_features, of_heads, state = self._descend(evaluate, features, heads, state, key)
        value, report, aux = result
        extras = [beside] * self.has_aux + [aux] * self.objective.has_aux
        if extras:
            report = (report, extras[0] if len(extras) == 1 else tuple(extras))
        return (value, report), (*pull(of_features), of_heads), state

    def _features(self, shared: PyTree[Any], *args: Any) -> tuple[Any, Any]:
        result = self.trunk(shared, *args)
        return result if self.has_aux else (result, None)

    def _losses(self, *args: Any) -> dict[str, Any]:
        (shared, heads), *rest = args
        return _named(self.objective, heads, self._features(shared, *rest)[0], *rest)


def _composed(terms: Objective | Callable[..., Any]) -> Objective:
    return terms if isinstance(terms, Objective) else objective(terms)


def _named(composed: Objective, *args: Any) -> dict[str, Any]:
    result = composed.terms(*args)
    return named(result[0] if composed.has_aux else result)


def _names(tasks: Sequence[str] | None) -> tuple[str, ...] | None:
    if tasks is None:
        return None
    if isinstance(tasks, str) or len(set(tasks)) < len(tasks):
        raise ValueError(f"expected `tasks` to be different names, got {tasks!r}")
    return tuple(tasks)


def _check_chunk(chunk: int | None) -> None:
    if chunk is not None and chunk < 1:
        raise ValueError(f"expected `chunk` of at least 1, got {chunk}")


def _demand_floating(name: str, tree: PyTree[Any]) -> None:
    for path, leaf in jax.tree_util.tree_leaves_with_path(tree):
        dtype = jnp.result_type(leaf)
        if not jnp.issubdtype(dtype, jnp.floating):
            place = jax.tree_util.keystr(path, simple=True, separator="/")
            raise TypeError(f"expected floating point `{name}`, got {dtype} at {place!r}")


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
