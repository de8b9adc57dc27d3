"""What the contract demands of every loss."""

import collections
import functools
import inspect
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from jaxloss.core.lift import checked, masked, over_tree
from jaxloss.core.reduce import mean
from jaxloss.domains import Arguments
from jaxloss.testing.case import (
    BATCH,
    SIZE,
    Case,
    arrays as to_arrays,
    cast,
    close,
    finite,
    float64,
    is_float,
    join,
    representable,
)


def gives_stated_shape_and_dtype(case: Case) -> None:
    """Element or row for element or row; float32 at least; gradients in the input's dtype."""
    given = case.draw()
    shape = np.shape(given.positional[0])
    expected = shape if case.gives == "element" else shape[: -case.domain.consumed]
    for dtype in (jnp.float32, jnp.bfloat16, jnp.float16):
        values, grads = jax.eval_shape(case.gradients, cast(given, dtype))
        assert values.shape == expected, f"gives shape {values.shape}, expected {expected}"
        assert values.dtype == jnp.float32, f"gives {values.dtype} for {dtype.__name__}"
        assert all(grad.dtype == dtype for grad in jax.tree.leaves(grads)), "gradient's dtype"
    with float64():
        wide = jax.eval_shape(case.values, cast(given, jnp.float64))
        assert wide.dtype == jnp.float64, "float64 must stay"


def is_the_same_under_jit(case: Case) -> None:
    """Eager and compiled values and gradients agree, above all at the edges."""
    edges = case.edges() or {"draw": case.draw()}
    # Eagerly every operation compiles anew for every shape: those of one shape are enough.
    shapes = {name: str(jax.tree.map(np.shape, given)) for name, given in edges.items()}
    (common, _), *_ = collections.Counter(shapes.values()).most_common(1)
    for name, given in edges.items():
        if shapes[name] == common:
            eager, compiled = case.gradients(given, jit=False), case.gradients(given)
            # Where numbers cancel, rounding is that of the numbers and not of what is left.
            leaves = [np.abs(np.asarray(leaf)) for leaf in jax.tree.leaves(eager)]
            largest = max(np.max(a, initial=1, where=np.isfinite(a)) for a in leaves)
            close(eager, compiled, name, rtol=2e-5, atol=2e-6 * float(largest))


def maps_over_the_batch(case: Case) -> None:
    """Vmap over examples gives what the batch gives at once."""
    given = case.draw()
    arrays = list(given.positional)
    shared = case.domain.shared
    axes = [None if place in shared else 0 for place in range(len(arrays))]
    run = jax.jit(jax.vmap(lambda *a: case.loss(*a, **given.options), axes))
    mapped = run(*to_arrays(arrays))
    close(mapped, case.values(given), "vmap", rtol=1e-5, atol=1e-6)


def differentiates_exactly(case: Case) -> None:
    """Forward and reverse derivatives agree with differences of values in float64.

    With each other alone, for a loss that holds a part of it constant.
    """
    with float64():
        function, floats = case.of_floats(cast(case.draw(1), jnp.float64))
        direction = _direction(floats)

        @jax.jit
        def derivatives(floats: Any) -> tuple[Array, Array, Array, Array]:
            slope = jax.jvp(function, floats, direction)[1]
            difference = _central(function, floats, direction, 1e-6)
            values, pull = jax.vjp(function, *floats)
            weights = jnp.asarray(np.random.default_rng(2).standard_normal(values.shape))
            pulled = jax.tree.leaves(jax.tree.map(jnp.vdot, pull(weights), direction))
            return slope, difference, jnp.sum(jnp.stack(pulled)), jnp.vdot(weights, slope)

        slope, difference, reverse, forward = derivatives(floats)
        if "held" not in case.claims:
            close(slope, difference, "jvp against differences", rtol=1e-5, atol=1e-7)
        close(reverse, forward, "vjp against jvp", rtol=1e-9, atol=1e-9)


def differentiates_twice(case: Case) -> None:
    """Hessian-vector products agree with differences of gradients, in both orders of modes."""
    with float64():
        function, floats = case.of_floats(cast(case.draw(3), jnp.float64))
        direction = _direction(floats)
        places = tuple(range(len(floats)))

        def total(*floats: Any) -> Array:
            return jnp.sum(function(*floats))

        def slope(*floats: Any) -> Array:
            return jax.jvp(total, floats, direction)[1]

        @jax.jit
        def derivatives(floats: Any) -> tuple[Any, ...]:
            gradient = jax.grad(total, places)
            product = jax.jvp(gradient, floats, direction)[1]
            difference = _central(gradient, floats, direction, 1e-5)
            swapped = jax.grad(slope, places)(*floats)
            return product, difference, swapped, jax.jacfwd(total)(*floats), gradient(*floats)[0]

        product, difference, swapped, forward, reverse = derivatives(floats)
        if "held" not in case.claims:
            close(product, difference, "hvp against differences", rtol=1e-4, atol=1e-6)
        close(swapped, product, "reverse over forward", 1e-8, 1e-8)
        close(forward, reverse, "jacfwd against grad", rtol=1e-9, atol=1e-9)


def is_finite_at_edges(case: Case) -> None:
    """Value, gradient and Hessian-vector product are finite at kinks, zeros, ties and +-1e4.

    Infinite is right only where the same in float64 is beyond what the dtype can hold.
    """
    for name, plain in case.edges().items():
        with float64():
            true_values, true_grads, true_curvature = case.derivatives(cast(plain, jnp.float64))
        for dtype in (jnp.float32, jnp.bfloat16, jnp.float16):
            values, grads, curvature = case.derivatives(cast(plain, dtype))
            representable(values, true_values, f"value at {name} of {dtype.__name__}")
            if jnp.isfinite(values).all():
                representable(grads, true_grads, f"gradient at {name}")
                representable(curvature, true_curvature, f"curvature at {name}")


def computes_in_float32(case: Case) -> None:
    """Half-precision inputs are rounded inputs, nothing worse: the arithmetic is float32."""
    for dtype in (jnp.bfloat16, jnp.float16):
        given = cast(case.draw(4), dtype)
        exact = case.values(cast(given, jnp.float32))
        close(case.values(given), exact, dtype.__name__, rtol=2e-6, atol=2e-6)


def welcomes_numpy_and_lists(case: Case) -> None:
    """NumPy arrays and nested lists are as good as JAX arrays."""
    given = case.draw()
    expected = case.values(Arguments(tuple(to_arrays(given.positional)), given.options))
    lists = [jax.tree.map(lambda a: np.asarray(a).tolist(), array) for array in given.positional]
    if case.domain.labels is None and "tail_logits" not in case.domain.arguments:
        values = case.values(Arguments(tuple(lists), given.options), jit=False)
        close(values, expected, "lists", 1e-5, 1e-6)
    close(case.values(given, jit=False), expected, "NumPy", rtol=1e-5, atol=1e-6)


def rejects_unequal_shapes(case: Case) -> None:
    """A trailing axis of size one too many is an error that names argument and shape."""
    given = case.draw()
    names = list(inspect.signature(case.loss).parameters)[: len(given.positional)]
    for place, name in enumerate(names):
        arrays = list(given.positional)
        arrays[place] = jax.tree.map(lambda a: np.asarray(a)[..., None], arrays[place])
        shape = str(np.shape(jax.tree.leaves(arrays[place])[0]))
        spoiled = Arguments(tuple(arrays), given.options)
        error = _error_of(lambda a=spoiled: jax.eval_shape(case.values, a))
        assert error, f"`{name}` of shape {shape} was accepted"
        assert name in error, f"the error does not name `{name}`: {error}"
        assert shape in error, f"the error does not give the shape {shape}: {error}"


def keeps_strict_promotion(case: Case) -> None:
    """Nothing relies on implicit promotion of dtypes or ranks."""
    with jax.numpy_dtype_promotion("strict"), jax.numpy_rank_promotion("raise"):
        given = case.draw()
        jax.eval_shape(case.gradients, given)
        mixed = list(given.positional)
        mixed[0] = jax.tree.map(lambda a: jnp.asarray(a, jnp.bfloat16), mixed[0])
        jax.eval_shape(case.values, Arguments(tuple(mixed), given.options))


def traces_hyperparameters(case: Case) -> None:
    """Every float hyperparameter works under jit, vmap and grad, without compiling again."""
    given = case.draw(5)
    for name, default in case.hyperparameters.items():
        call = functools.partial(_vary, case, name)
        numbers = [default, default + 0.125, default + 0.25]
        levels = jnp.asarray(numbers, jnp.float32)
        traces = 0

        def run(given: Arguments, level: Array, call: Any = call) -> Array:
            nonlocal traces
            traces += 1
            return call(given, level)

        step = jax.jit(run)
        singly = jnp.stack([step(given, level) for level in levels])
        assert traces == 1, f"`{name}` compiled {traces} times for three values"

        @jax.jit
        def others(
            given: Arguments, levels: Array, call: Any = call, numbers: Any = numbers
        ) -> tuple[Array, ...]:
            mapped = jax.vmap(functools.partial(call, given))(levels)
            constants = jnp.stack([call(given, number) for number in numbers])
            return mapped, constants, call(given, jnp.full(mapped.shape[-1:], levels[1]))

        mapped, constants, spread = others(given, levels)
        close(mapped, singly, f"vmap over `{name}`", rtol=1e-5, atol=1e-6)
        close(singly, constants, f"`{name}` as a number", rtol=1e-5, atol=1e-6)
        close(spread, singly[1], f"`{name}` as an array", rtol=1e-5, atol=1e-6)

        @jax.jit
        def slopes(given: Arguments, level: Array, call: Any = call) -> tuple[Array, Array]:
            function, one = functools.partial(call, given), (jnp.ones_like(level),)
            return jax.jvp(function, (level,), one)[1], _central(function, (level,), one, 1e-6)

        with float64():
            level = jnp.asarray(default + 0.125, jnp.float64)
            slope, difference = slopes(cast(given, jnp.float64), level)
            if name in case.holds:
                assert jnp.all(slope == 0), f"derivative in `{name}`, which is held constant"
                assert jnp.any(difference != 0), f"`{name}` does nothing"
            else:
                close(slope, difference, f"derivative in `{name}`", rtol=1e-4, atol=1e-6)


def serves_empty_batches(case: Case) -> None:
    """No examples: no values, a mean of 0, gradients of 0."""
    given = case.draw(batch=(0,))
    values, grads = case.gradients(given)
    assert values.shape[0] == 0, f"gives shape {values.shape}"
    assert float(mean(values)) == 0.0, "the mean of nothing is 0"
    finite(grads, "empty batch")


def ignores_masked_inputs(case: Case) -> None:
    """`masked` keeps NaN padding out of value and gradient."""
    given = case.draw(6)
    values = case.values(given)
    kept = np.arange(values.size).reshape(values.shape) % 2 == 0
    poisoned = tuple(_poison(array, kept) for array in given.positional)
    safe = Case(masked(case.loss), case.domain, case.gives)
    result, grads = safe.gradients(Arguments(poisoned, {**given.options, "where": kept}))
    close(result, jnp.where(kept, values, 0), "masked values", rtol=1e-5, atol=1e-6)
    finite(grads, "gradient behind a mask")


def is_loud_about_unknown_labels(case: Case) -> None:
    """A label outside [0, classes) gives NaN and no gradient, and leaves its neighbours alone."""
    place = case.domain.labels
    assert place is not None, "the domain has no labels"
    given = case.draw(7)
    clean = case.values(given)
    for label in (-100, -1, case.domain.classes(given)):
        arrays = list(given.positional)
        arrays[place] = arrays[place].copy()
        arrays[place][0] = label
        values, grads = case.gradients(Arguments(tuple(arrays), given.options))
        assert jnp.all(jnp.isnan(values[0])), f"label {label} gives {values[0]}"
        close(values[1:], clean[1:], f"neighbours of label {label}", rtol=1e-5, atol=1e-6)
        for index, grad in zip(case.domain.floating, grads, strict=True):
            if index not in case.domain.shared:
                for leaf in jax.tree.leaves(grad):
                    assert jnp.all(leaf[0] == 0), f"label {label} has a gradient"
        finite(grads, f"gradient with label {label}")


def raises_when_checked(case: Case) -> None:
    """`checked` turns NaN inputs and labels out of range into errors, under jit, and only there."""
    given = case.draw(8)
    step = jax.jit(lambda *a: case.loss(*a, **given.options))
    step(*given.positional)
    checked(step)(*given.positional)
    bad: dict[str, list[Any]] = {}
    arrays = list(given.positional)
    arrays[0] = jax.tree.map(lambda a: np.full_like(a, np.nan), arrays[0])
    bad["holds NaN"] = arrays
    if case.domain.labels is not None:
        arrays = list(given.positional)
        arrays[case.domain.labels] = arrays[case.domain.labels] + 1000
        bad["label"] = arrays
    for message, poisoned in bad.items():
        step(*poisoned)
        error = _error_of(lambda a=poisoned: checked(step)(*a))
        assert error, f"`checked` did not raise for what {message}"
        assert message in error, f"unclear: {error}"


def leaves_out_what_where_masks(case: Case) -> None:
    """`where` acts as if masked entries were not there; nothing left gives 0 without gradient."""
    given, padding = case.draw(9), case.draw(10, size=2)
    whole, axis = np.ones((*BATCH, SIZE), bool), len(BATCH)
    close(case.values(given, where=whole), case.values(given), "all kept", 1e-6, 1e-6)
    padded = tuple(
        array
        if array.ndim == axis or place in case.domain.shared
        else np.concatenate([array, _poison(pad, np.zeros(pad.shape, bool))], axis)
        for place, (array, pad) in enumerate(zip(given.positional, padding.positional, strict=True))
    )
    kept = np.concatenate([whole, np.zeros((*BATCH, 2), bool)], axis=-1)
    long = Arguments(padded, {**given.options, "where": kept})
    values, grads = case.gradients(long)
    if values.ndim > axis:  # one for each entry that `where` speaks of
        assert jnp.all(values[..., SIZE:] == 0), "values of padding"
        values = values[..., :SIZE]
    close(values, case.values(given), "padding left out", rtol=1e-5, atol=1e-6)
    finite(grads, "gradient of padding")
    of_padding = [grad[:, SIZE:] for grad in grads if grad.ndim > axis]
    assert all(jnp.all(grad == 0) for grad in of_padding), "gradient of padding"
    nothing = Arguments(given.positional, {**given.options, "where": ~whole})
    values, grads = case.gradients(nothing)
    assert jnp.all(values == 0), "nothing kept gives 0"
    assert all(jnp.all(grad == 0) for grad in grads), "nothing kept has gradient 0"


def works_in_scan_and_checkpoint(case: Case) -> None:
    """One example at a time in a rematerialised scan: the same values and gradients."""
    given = case.draw(11)
    floats, rest = case.split(given)

    def total(floats: Any) -> Array:
        @jax.checkpoint
        def step(carry: Array, row: tuple[Any, Any]) -> tuple[Array, None]:
            values = case.loss(*join(case.domain.floating, *row), **given.options)
            return carry + jnp.sum(values), None

        return jax.lax.scan(step, jnp.zeros(()), (floats, rest))[0]

    value, grads = jax.jit(jax.value_and_grad(total))(floats)
    values, expected = case.gradients(given)
    close(value, jnp.sum(values), "value in a scan", rtol=1e-5, atol=1e-5)
    close(grads, expected, "gradient in a scan", rtol=1e-5, atol=1e-6)


def lifts_to_trees(case: Case) -> None:
    """`over_tree` gives each leaf its own value."""
    first, second = case.draw(12), case.draw(13)
    trees = [{"a": a, "b": b} for a, b in zip(first.positional, second.positional, strict=True)]
    lifted = jax.jit(over_tree(case.loss))(*trees, **first.options)
    expected = {
        "a": case.values(first),
        "b": case.values(Arguments(second.positional, first.options)),
    }
    close(lifted, expected, "over_tree", rtol=1e-6, atol=1e-6)


def shards_over_devices(case: Case) -> None:
    """A batch split over all devices gives the same values and gradients."""
    count = len(jax.devices())
    given = case.draw(14, batch=(count,))
    mesh = jax.sharding.Mesh(np.array(jax.devices()), ("batch",))
    split = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec("batch"))
    whole = jax.sharding.NamedSharding(mesh, jax.sharding.PartitionSpec())
    placed = tuple(
        jax.device_put(to_arrays(array), whole if place in case.domain.shared else split)
        for place, array in enumerate(given.positional)
    )
    close(
        case.gradients(Arguments(placed, given.options)),
        case.gradients(given),
        "sharded",
        1e-5,
        1e-6,
    )


PROPERTIES: tuple[Callable[[Case], None], ...] = (
    gives_stated_shape_and_dtype,
    is_the_same_under_jit,
    maps_over_the_batch,
    differentiates_exactly,
    differentiates_twice,
    is_finite_at_edges,
    computes_in_float32,
    welcomes_numpy_and_lists,
    rejects_unequal_shapes,
    keeps_strict_promotion,
    traces_hyperparameters,
    serves_empty_batches,
    ignores_masked_inputs,
    is_loud_about_unknown_labels,
    raises_when_checked,
    leaves_out_what_where_masks,
    works_in_scan_and_checkpoint,
    lifts_to_trees,
    shards_over_devices,
)
"""What the contract demands of every loss, in the order `check` runs it."""


def _alone(case: Case) -> bool:
    """Whether examples can be had one by one."""
    return case.domain.lone and not case.domain.shared


_MEANINGFUL: Mapping[Callable[[Case], None], Callable[[Case], bool]] = {
    rejects_unequal_shapes: lambda case: len(case.domain.arguments) > 1,
    ignores_masked_inputs: _alone,
    is_loud_about_unknown_labels: lambda case: case.domain.labels is not None,
    leaves_out_what_where_masks: lambda case: (
        not case.domain.ordered and "where" in inspect.signature(case.loss).parameters
    ),
    works_in_scan_and_checkpoint: _alone,
    lifts_to_trees: lambda case: "tail_logits" not in case.domain.arguments,  # a tree already
}


def applies(prove: Callable[[Case], None], case: Case) -> bool:
    """Whether a property has a meaning for a loss: labels, for one that reads labels."""
    return prove not in _MEANINGFUL or _MEANINGFUL[prove](case)


def _error_of(call: Callable[[], Any]) -> str:
    """Message of the ValueError that a call raises; empty if it raises none."""
    try:
        call()
    except ValueError as error:
        return str(error)
    return ""


def _vary(case: Case, name: str, given: Arguments, level: Any) -> Array:
    return case.values(given, jit=False, **{name: level})


def _poison(tree: Any, kept: np.ndarray) -> Any:
    def spoil(array: Any) -> Any:
        mask = np.broadcast_to(
            np.expand_dims(kept, tuple(range(kept.ndim, array.ndim))), array.shape
        )
        return np.where(mask, array, np.nan if is_float(array) else -100).astype(array.dtype)

    return jax.tree.map(spoil, tree)


def _direction(floats: Any) -> Any:
    rng = np.random.default_rng(1)
    return jax.tree.map(lambda a: jnp.asarray(rng.standard_normal(a.shape), a.dtype), floats)


def _central(function: Callable[..., Any], at: Any, direction: Any, step: float) -> Any:
    ahead = function(*jax.tree.map(lambda a, d: a + step * d, at, direction))
    behind = function(*jax.tree.map(lambda a, d: a - step * d, at, direction))
    return jax.tree.map(lambda a, b: (a - b) / (2 * step), ahead, behind)
