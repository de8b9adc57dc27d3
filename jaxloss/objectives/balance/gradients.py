"""One balanced gradient of many tasks, as a drop-in for `jax.value_and_grad`."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import PyTree

from jaxloss.objectives.balance.balancer import Balancer
from jaxloss.objectives.balance.engine import Engine, Evaluated, Wrt
from jaxloss.objectives.objective import Objective, Weight, named, objective


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
            serve one more backward pass. A chunk of all tasks costs that pass and no more, and a
            leaf's gradients are gone once they are multiplied, as far as the compiler arranges it.
            Of smaller chunks the Gramian needs each pair: `n` of them cost `(n + 1) / 2` times the
            pullbacks, and two at a time are held.

    Returns:
        A function `(params, state, *args, key=None, step=None, weights=None)` to
        `((value, report), grads, state)`, with `init` for the first state.

    Raises:
        ValueError: for tasks that are not different names, a chunk below 1, or `wrt` with a
            balancer that needs the Jacobian.

    Example:
        >>> from jaxloss.objectives.balance.losses import log_sum
        >>> def terms(slope, x):
        ...     return {"near": jnp.mean((slope * x - 1)**2), "far": jnp.mean((slope * x - 9)**2)}
        >>> step = value_and_grad(terms, log_sum())
        >>> slope, x = jnp.float32(2), jnp.array([1.0, 2.0])
        >>> state = step.init(slope, x)
        >>> (value, report), grads, state = jax.jit(step)(slope, state, x)
        >>> value, report["far/balanced_weight"], grads
        (Array(42., dtype=float32), Array(0.027, dtype=float32), Array(0.9405, dtype=float32))
    """
    return Balanced(_composed(terms), balancer, tasks, chunk, wrt)


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

    The balancer sees the gradients with respect to the features. Up to a factor that all tasks
    share, the norm of any combination of them bounds the norm of what it becomes in the trunk
    (MGDA-UB). Each head keeps the gradient of its own terms.

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
        ValueError: for tasks that are not different names, or a chunk below 1.

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
    return SharedBalanced(_composed(heads), balancer, tasks, chunk, None, trunk, has_aux)


@dataclasses.dataclass(frozen=True, eq=False)
class Balanced(Engine):
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

        (value, report, aux), grads, _, state = self.descend(evaluate, params, (), state, key)
        return (value, (report, aux) if self.objective.has_aux else report), grads, state

    def losses(self, *args: Any) -> dict[str, Any]:
        """Named losses as the terms return them, of the arguments of `init`."""
        return _named(self.objective, *args)


@dataclasses.dataclass(frozen=True, eq=False)
class SharedBalanced(Engine):
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

        result, of_features, of_heads, state = self.descend(evaluate, features, heads, state, key)
        value, report, aux = result
        extras = [beside] * self.has_aux + [aux] * self.objective.has_aux
        if extras:
            report = (report, extras[0] if len(extras) == 1 else tuple(extras))
        return (value, report), (*pull(of_features), of_heads), state

    def _features(self, shared: PyTree[Any], *args: Any) -> tuple[Any, Any]:
        result = self.trunk(shared, *args)
        return result if self.has_aux else (result, None)

    def losses(self, *args: Any) -> dict[str, Any]:
        """Named losses as the terms return them, of the arguments of `init`."""
        (shared, heads), *rest = args
        return _named(self.objective, heads, self._features(shared, *rest)[0], *rest)


def _composed(terms: Objective | Callable[..., Any]) -> Objective:
    return terms if isinstance(terms, Objective) else objective(terms)


def _named(composed: Objective, *args: Any) -> dict[str, Any]:
    result = composed.terms(*args)
    return named(result[0] if composed.has_aux else result)


def _demand_floating(name: str, tree: PyTree[Any]) -> None:
    for path, leaf in jax.tree_util.tree_leaves_with_path(tree):
        dtype = jnp.result_type(leaf)
        if not jnp.issubdtype(dtype, jnp.floating):
            place = jax.tree_util.keystr(path, simple=True, separator="/")
            raise TypeError(f"expected floating point `{name}`, got {dtype} at {place!r}")
