"""Gradients over microbatches that equal the gradient over the whole batch."""

from collections.abc import Callable, Iterable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import optax
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import PyTree

from jaxloss.core.reduce import Average
from jaxloss.objectives.objective import Objective, Weight, named, objective, weigh


def accumulate(
    terms: Objective | Callable[..., Any], *, microbatch_size: int
) -> Callable[..., tuple[tuple[Array, dict[str, Array]], PyTree[Any]]]:
    """Value and gradient of an objective, a microbatch at a time, exact for masks and weights.

    The mean of the microbatches' means is not the mean of the batch when masks or weights differ
    between them. Here the weights of every term are totalled over the batch first (they seldom
    depend on the model, which XLA then leaves out of that pass); then the gradients of the totals,
    each divided by its own weight, are summed with `optax.microbatch`. A remainder that is smaller
    than a microbatch is one more, smaller, part.

    Args:
        terms: an `Objective`, or the function that one is made of. Terms that look at the batch
            must be `Average`s; scalars (penalties) may depend on parameters alone.
        microbatch_size: number of examples in each part; memory grows with it, and work does not.

    Returns:
        A function `(params, *args, step=None, weights=None)` to `((value, report), grads)`, as
        `jax.value_and_grad(objective, has_aux=True)` gives. Every array in `args` is split along
        its first axis.

    Raises:
        TypeError: when called, for a scalar term that depends on the batch.
        ValueError: for a size below 1 or an objective with `has_aux`; when called, for arrays of
            unequal first axis.

    Example:
        >>> from jaxloss import average
        >>> def terms(slope, x, y, kept):
        ...     return {"fit": average((slope * x - y) ** 2, where=kept)}
        >>> x, y = jnp.array([1.0, 2.0, 3.0]), jnp.array([2.0, 2.0, 2.0])
        >>> kept = jnp.array([True, True, False])
        >>> (value, report), grads = accumulate(terms, microbatch_size=2)(1.0, x, y, kept)
        >>> value, grads
        (Array(0.5, dtype=float32), Array(-1., dtype=float32, weak_type=True))
    """
    composed = terms if isinstance(terms, Objective) else objective(terms)
    if composed.has_aux:
        raise ValueError("cannot accumulate an objective with has_aux: its parts have no one aux")
    if microbatch_size < 1:
        raise ValueError(f"expected `microbatch_size` of at least 1, got {microbatch_size}")

    def value_and_grad(
        params: PyTree[Any],
        *args: Any,
        step: ArrayLike | None = None,
        weights: Mapping[str, Weight] | None = None,
    ) -> tuple[tuple[Array, dict[str, Array]], PyTree[Any]]:
        size = batch_size(args)
        kinds = _inspect(composed.terms, params, args, size, microbatch_size)

        def averages(params: PyTree[Any], *part: Any) -> dict[str, Average]:
            losses = named(composed.terms(params, *part))
            return {name: losses[name] for name, kind in kinds.items() if kind.averaged}

        def constants(params: PyTree[Any]) -> dict[str, Array]:
            # Any part will do: these terms were shown not to look at it.
            part = jax.tree.map(lambda array: array[: min(size, microbatch_size)], args)
            losses = named(composed.terms(params, *part))
            return {name: jnp.asarray(losses[name]) for name, k in kinds.items() if not k.averaged}

        def sums(params: PyTree[Any], *part: Any) -> dict[str, tuple[Array, Array]]:
            # The quotient rule needs values only where the weight depends on the parameters.
            return {
                name: (term.total if kinds[name].moving else jnp.zeros(()), term.weight)
                for name, term in averages(params, *part).items()
            }

        whole = _microbatched(sums, size, microbatch_size)(params, *args)
        whole = jax.lax.stop_gradient(whole)

        def linearised(
            params: PyTree[Any], factors: dict[str, Array], *part: Any
        ) -> tuple[Array, dict[str, Array]]:
            """A part's summand of the objective, with the gradient of total / weight."""
            value, totals = jnp.zeros(()), {}
            for name, term in averages(params, *part).items():
                total, weight = whole[name]
                quotient = Average(total, weight).value
                excess = term.total
                if kinds[name].moving:
                    excess = excess - quotient * (term.weight - jax.lax.stop_gradient(term.weight))
                value = value + factors[name] * Average(excess, weight).value
                totals[name] = jax.lax.stop_gradient(term.total)
            return value, totals

        def factors_of(params: PyTree[Any]) -> dict[str, Array]:
            return composed.resolve(kinds, params, step, weights)

        factors = jax.lax.stop_gradient(factors_of(params))

        def gradients(params: PyTree[Any], *part: Any) -> tuple[PyTree[Any], dict[str, Array]]:
            return jax.grad(linearised, has_aux=True)(params, factors, *part)

        grads, totals = _microbatched(gradients, size, microbatch_size)(params, *args)
        values = {name: Average(totals[name], whole[name][1]).value for name in totals}

        def outside(params: PyTree[Any]) -> tuple[Array, dict[str, Array]]:
            """What does not look at the batch: scalar terms, and weights that are learned."""
            scalars = {k: v.astype(jnp.float32) for k, v in constants(params).items()}
            everything = {name: {**values, **scalars}[name] for name in kinds}
            return weigh(everything, factors_of(params))

        (value, report), rest = jax.value_and_grad(outside, has_aux=True)(params)
        return (value, report), jax.tree.map(jnp.add, grads, rest)

    return value_and_grad


class _Kind(NamedTuple):
    """How a term behaves: whether an `Average`, and whether its weight depends on parameters."""

    averaged: bool
    moving: bool


def batch_size(args: tuple[Any, ...]) -> int:
    """Length of the first axis, which all arrays must share."""
    shapes = [jnp.shape(leaf) for leaf in jax.tree.leaves(args)]
    sizes = {shape[:1] for shape in shapes}
    if len(sizes) != 1 or sizes == {()}:
        raise ValueError(f"expected arrays with one first axis, the batch; got shapes {shapes}")
    return shapes[0][0]


def _microbatched(
    function: Callable[..., PyTree[Array]], size: int, microbatch_size: int
) -> Callable[..., PyTree[Array]]:
    """Sum of a function of `(params, *args)` over the parts of the batch."""
    even = size - size % microbatch_size

    def summed(params: PyTree[Any], *args: Any) -> PyTree[Array]:
        parts = []
        if even or not size:
            head = jax.tree.map(lambda array: array[:even], args)
            if even == microbatch_size or not size:
                parts.append(function(params, *head))
            else:
                indices = range(1, len(args) + 1)
                parts.append(optax.microbatch(function, indices, microbatch_size)(params, *head))
        if even < size:
            tail = jax.tree.map(lambda array: array[even:], args)
            parts.append(function(params, *tail))
        return parts[0] if len(parts) == 1 else jax.tree.map(jnp.add, *parts)

    return summed


def _inspect(
    terms: Callable[..., Any],
    params: PyTree[Any],
    args: tuple[Any, ...],
    size: int,
    microbatch_size: int,
) -> dict[str, _Kind]:
    """Find out what each term depends on, from the traced program of one part."""
    part = jax.tree.map(lambda array: array[: min(size, microbatch_size)], args)
    jaxpr, shape = jax.make_jaxpr(lambda p, a: named(terms(p, *a)), return_shape=True)(params, part)
    count = len(jax.tree.leaves(params))
    inputs = range(len(jaxpr.jaxpr.invars))
    on_params = _dependent(jaxpr.jaxpr, [i < count for i in inputs])
    on_batch = _dependent(jaxpr.jaxpr, [i >= count for i in inputs])
    flags = jax.tree.unflatten(
        jax.tree.structure(shape), list(zip(on_params, on_batch, strict=True))
    )
    kinds: dict[str, _Kind] = {}
    for name, term in flags.items():
        if isinstance(term, Average):
            moving, _ = term.weight
            kinds[name] = _Kind(averaged=True, moving=bool(moving))
            continue
        if term[1]:
            raise TypeError(
                f"term {name!r} is a scalar that depends on the batch, so its microbatches cannot "
                "be put together exactly: return jaxloss.average(...) for it"
            )
        kinds[name] = _Kind(averaged=False, moving=False)
    return kinds


def _dependent(jaxpr: Any, marked: Iterable[bool]) -> list[bool]:
    """Which outputs of a program depend on the marked inputs."""
    live = {id(v) for v, mark in zip(jaxpr.invars, marked, strict=True) if mark}
    for equation in jaxpr.eqns:
        reached = [id(v) in live for v in equation.invars]
        if any(reached):
            outputs = _through(equation, reached)
            live |= {id(v) for v, out in zip(equation.outvars, outputs, strict=True) if out}
    return [id(v) in live for v in jaxpr.outvars]


def _through(equation: Any, reached: list[bool]) -> list[bool]:
    """Outputs of one equation that are reached; a call that is plain inlining is looked into."""
    for inner in equation.params.values():
        inner = getattr(inner, "jaxpr", inner)
        if (
            hasattr(inner, "eqns")
            and equation.primitive.name in ("jit", "pjit", "closed_call", "checkpoint", "remat2")
            and len(inner.invars) == len(equation.invars)
        ):
            return _dependent(inner, reached)
    return [True] * len(equation.outvars)
