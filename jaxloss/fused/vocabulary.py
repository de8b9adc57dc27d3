"""Softmax cross-entropy by blocks of classes: the smallest memory, for one more matrix product.

A first pass over the classes finds the largest logit of each token, and sums up what its loss is
made of. A second one, when a gradient is wanted, makes the logits again and carries the derivative
of those sums back. Nothing of the size of the logits is held, and of the size of the kernel only
its gradient.
"""

import functools
from collections.abc import Callable, Hashable
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
from jax import Array, lax

from jaxloss.core.lift import fill
from jaxloss.core.mesh import alike, zeros_of_type
from jaxloss.core.numerics import known, one_hot, product, safe_log, with_gradient
from jaxloss.fused.engine import Plan, Rows, Shared


class Options(NamedTuple):
    """Hyperparameters of the cross-entropy; None leaves a term out.

    Attributes:
        smoothing: share of the target that is spread evenly over the classes that take part.
        z_loss: coefficient of the squared log-normaliser.
        softcap: bound of the logits.
        temperature: that logits are divided by.
    """

    smoothing: Any
    z_loss: Any
    softcap: Any
    temperature: Any

    def transformed(self, logits: Array) -> Array:
        """Logits capped and divided by the temperature."""
        if self.softcap is not None:
            cap = jnp.asarray(self.softcap).astype(logits.dtype)
            logits = cap * jnp.tanh(logits / cap)
        if self.temperature is not None:
            logits = logits / jnp.asarray(self.temperature).astype(logits.dtype)
        return logits


class Report(NamedTuple):
    """What is known of each token besides the total; without gradient.

    Attributes:
        loss: value of the loss, without weights; 0 for tokens left out.
        logsumexp: logarithm of the normaliser.
        entropy: of the predicted distribution, in nats.
        argmax: most probable class.
        correct: whether that is the label.
    """

    loss: Array
    logsumexp: Array
    entropy: Array
    argmax: Array
    correct: Array


class Sums(NamedTuple):
    """What the loss of a token is made of: sums over classes, of logits less a top.

    Attributes:
        exps: of exponentials.
        hit: logit of the label, less nothing.
        hit_cost: cost of the label; None without costs.
        count: number of classes that take part; None without smoothing, as are the next two.
        cost: of their costs.
        score: of their costs times logits.
    """

    exps: Any
    hit: Any
    hit_cost: Any
    count: Any
    cost: Any
    score: Any


class Found(NamedTuple):
    """What a pass over classes has found so far.

    Attributes:
        top: largest logit.
        argmax: its class.
        moment: sum of exponentials times logits.
        sums: all relative to the top.
    """

    top: Array
    argmax: Array
    moment: Array
    sums: Sums

    def to(self, top: Array) -> "Found":
        """The same relative to another top, that of a larger set of classes."""
        some = self.top > -jnp.inf
        by = jnp.where(some, self.top - jnp.where(some, top, 0), 0)
        exps, hit, hit_cost, count, cost, score = self.sums
        shrink = jnp.where(some, jnp.exp(by), 0)
        score = None if score is None else score + cost * by
        sums = Sums(shrink * exps, hit, hit_cost, count, cost, score)
        return Found(top, self.argmax, shrink * (self.moment + by * exps), sums)


def vocabulary_total(
    rows: Rows, shared: Shared, plan: Plan, axis_name: Hashable | None
) -> tuple[Array, Report]:
    """Weighted sum of cross-entropies over the tokens kept, and a report of each token.

    Args:
        rows: of all tokens; `targets` holds their labels.
        shared: by all tokens; `constants` holds the costs of the classes, or None, and `Options`.
        plan: how; its `chunk` counts classes.
        axis_name: mapped axis that the classes are divided over.
    """

    def value(rows: Rows, shared: Shared) -> tuple[Array, Report]:
        return _forward(rows, shared, plan, axis_name)[0]

    def value_and_gradient(wanted: Any, rows: Rows, shared: Shared) -> Any:
        result, pull, top = _forward(rows, shared, plan, axis_name)
        return result, _backward(wanted, rows, shared, plan, axis_name, pull, top)

    return with_gradient(value, value_and_gradient)(rows, shared)


def _forward(rows: Rows, shared: Shared, plan: Plan, axis_name: Hashable | None) -> Any:
    """Total and report; the derivative of the total by sums, options and weights; the tops."""
    features, labels = _tokens(rows, shared, plan, axis_name)
    options: Options = shared.constants[1]

    def find(place: Array | int, width: int) -> Found:
        part = _block(shared, plan, place, width)
        logits = options.transformed(plan.logits(features, part.kernel, part.bias))
        top = jnp.max(logits, axis=-1, initial=-jnp.inf)
        moved = _less(logits, top)
        sums = _sums(logits, top, labels - place, part.constants[0], options)
        finite = jnp.where(moved > -jnp.inf, moved, 0)
        moment = jnp.sum(jnp.exp(moved) * finite, axis=-1)
        return Found(top, jnp.argmax(logits, axis=-1).astype(jnp.int32) + place, moment, sums)

    classes = plan.classes(shared.kernel)
    width = min(plan.chunk, classes)
    nothing = jax.tree.map(zeros_of_type, jax.eval_shape(lambda: find(0, width)))
    nothing = nothing._replace(top=nothing.top - jnp.inf)
    found = _loop(lambda found, *at: _joined(found, find(*at)), nothing, classes, width)
    if axis_name is not None:
        found = _across(found, axis_name, classes)
    slices = 1 if axis_name is None else lax.psum(1, axis_name)
    count = slices * classes

    def total(sums: Sums, options: Options, weights: Array | None) -> tuple[Array, Array]:
        values = known(_values(sums, found.top, options), rows.targets[0], count)
        counted = values if rows.kept is None else jnp.where(rows.kept, values, 0)
        factor = jnp.ones((), plan.wide) if weights is None else weights.astype(plan.wide)
        return jnp.sum(product(factor, counted)), counted

    whole, pull, counted = jax.vjp(total, found.sums, options, rows.weights, has_aux=True)
    report = _report(counted, rows.targets[0], found)
    return (whole, report), functools.partial(pull, alike(jnp.ones_like(whole), whole)), found.top


def _backward(
    wanted: Any,
    rows: Rows,
    shared: Shared,
    plan: Plan,
    axis_name: Hashable | None,
    pull: Callable[[], Any],
    top: Array,
) -> Any:
    """Gradients of the total, those wanted."""
    of_rows, of_shared = wanted
    of_costs, of_options = of_shared.constants
    features, labels = _tokens(rows, shared, plan, axis_name)
    options: Options = shared.constants[1]
    by_sums, by_options, by_weights = pull()

    def weighed(logits: Array, costs: Array | None, options: Options, place: Any) -> Array:
        sums = _sums(options.transformed(logits), top, labels - place, costs, options)
        parts = jax.tree.map(lambda a, b: jnp.sum(product(a, b)), by_sums, sums)
        return sum(jax.tree.leaves(parts), start=jnp.zeros((), plan.wide))

    def step(gradients: Any, place: Array | int, width: int) -> Any:
        by_features, by_classes, by_transform = gradients
        part = _block(shared, plan, place, width)
        logits = plan.logits(features, part.kernel, part.bias)
        by_logits, by_costs, more = jax.grad(weighed, (0, 1, 2))(
            logits, part.constants[0], options, place
        )
        if of_rows.features:
            by_features = by_features + plan.to_features(by_logits, part.kernel)
        added = Shared(
            plan.to_kernel(by_logits, features) if of_shared.kernel else None,
            jnp.sum(by_logits, axis=0) if of_shared.bias else None,
            by_costs if of_costs else None,
        )
        by_classes = Shared(
            _written(by_classes.kernel, added.kernel, place, 0 if plan.table else 1),
            _written(by_classes.bias, added.bias, place),
            _written(by_classes.constants, added.constants, place),
        )
        return by_features, by_classes, jax.tree.map(jnp.add, by_transform, more)

    anything = jax.tree.leaves((rows, shared))

    def zeros(like: Array, dtype: Any) -> Array:
        return alike(jnp.zeros(like.shape, dtype), *anything)

    gradients = (
        zeros(features, plan.wide) if of_rows.features else None,
        Shared(
            zeros(shared.kernel, _kept_dtype(shared.kernel)) if of_shared.kernel else None,
            zeros(shared.bias, plan.wide) if of_shared.bias else None,
            zeros(shared.constants[0], plan.wide) if of_costs else None,
        ),
        jax.tree.map(lambda a: zeros(a, a.dtype), options),
    )
    if any(jax.tree.leaves((of_rows.features, of_shared))):
        classes = plan.classes(shared.kernel)
        gradients = _loop(step, gradients, classes, min(plan.chunk, classes))
    by_features, by_classes, by_transform = gradients
    # The sums know what becomes of them, the logits how they were transformed.
    of_all = by_transform._replace(smoothing=by_options.smoothing, z_loss=by_options.z_loss)
    chosen = jax.tree.map(lambda ask, slope: slope if ask else None, of_options, of_all)
    return (
        Rows(by_features, (None,), by_weights if of_rows.weights else None, None),
        by_classes._replace(constants=(by_classes.constants, chosen)),
    )


def _loop(step: Callable[[Any, Any, int], Any], carry: Any, classes: int, width: int) -> Any:
    """Run over blocks of classes, of one width but for the last."""
    whole = classes // width if width else 0

    # Rematerialised when it is differentiated again.
    @functools.partial(jax.checkpoint, prevent_cse=False)
    def body(carry: Any, index: Array) -> Any:
        return step(carry, index * width, width), None

    if whole:
        carry, _ = lax.scan(body, carry, jnp.arange(whole, dtype=jnp.int32))
    left = classes - whole * width
    return step(carry, whole * width, left) if left else carry


def _joined(one: Found, other: Found) -> Found:
    """What was found in two sets of classes."""
    top = jnp.maximum(one.top, other.top)
    a, b = one.to(top), other.to(top)
    argmax = jnp.where(other.top > one.top, other.argmax, one.argmax)
    return Found(top, argmax, a.moment + b.moment, jax.tree.map(jnp.add, a.sums, b.sums))


def _across(found: Found, axis_name: Hashable, classes: int) -> Found:
    """What was found in all slices of classes."""
    top = lax.pmax(found.top, axis_name)
    place = found.argmax + lax.axis_index(axis_name) * classes
    first = jnp.where(found.top == top, place, jnp.iinfo(jnp.int32).max)
    moved = found.to(top)
    moment, sums = lax.psum((moved.moment, moved.sums), axis_name)
    return Found(top, lax.pmin(first, axis_name), moment, sums)


def reported(values: Array, logits: Array, labels: Array, axis_name: Hashable | None) -> Report:
    """The report of tokens whose logits are at hand."""
    top = jnp.max(logits, axis=-1, initial=-jnp.inf)
    moved = _less(logits, top)
    exps = jnp.exp(moved)
    moment = jnp.sum(exps * jnp.where(moved > -jnp.inf, moved, 0), axis=-1)
    sums = Sums(jnp.sum(exps, axis=-1), jnp.zeros_like(top), None, None, None, None)
    found = Found(top, jnp.argmax(logits, axis=-1).astype(jnp.int32), moment, sums)
    if axis_name is not None:
        found = _across(found, axis_name, logits.shape[-1])
    return _report(values, labels, found)


def _report(values: Array, labels: Array, found: Found) -> Report:
    exps = found.sums.exps
    log_exps = safe_log(exps)
    entropy = log_exps - found.moment / jnp.where(exps > 0, exps, 1)
    correct = found.argmax == labels.astype(jnp.int32)
    return Report(values, log_exps + found.top, entropy, found.argmax, correct)


def _tokens(
    rows: Rows, shared: Shared, plan: Plan, axis_name: Hashable | None
) -> tuple[Array, Array]:
    """Features, and labels counted from the first class that is here; padding replaced."""
    features, (labels,) = rows.features, rows.targets
    if rows.kept is not None:
        features, labels = fill(features, rows.kept), fill(labels, rows.kept)
    labels = labels.astype(jnp.int32)
    if axis_name is not None:
        labels = labels - lax.axis_index(axis_name) * plan.classes(shared.kernel)
    return features, labels


def _block(shared: Shared, plan: Plan, place: Array | int, width: int) -> Shared:
    """What belongs to some neighbouring classes."""

    def cut(array: Array | None, axis: int = 0) -> Array | None:
        if array is None:
            return None
        return lax.dynamic_slice_in_dim(array, place, width, axis=axis)

    costs, options = shared.constants
    kernel = cut(shared.kernel, 0 if plan.table else 1)
    return Shared(kernel, cut(shared.bias), (cut(costs), options))


def _written(
    whole: Array | None, part: Array | None, place: Array | int, axis: int = 0
) -> Array | None:
    if whole is None or part is None:
        return None
    part = part.astype(whole.dtype)
    return lax.dynamic_update_slice_in_dim(whole, part, place, axis=axis)


def _kept_dtype(kernel: Array) -> Any:
    """Dtype of the kernel's gradient: each block is rounded once; float16 could overflow."""
    return jnp.float32 if kernel.dtype == jnp.float16 else kernel.dtype


def _less(logits: Array, top: Array) -> Array:
    return logits - jnp.where(top > -jnp.inf, top, 0)[:, None]


def _sums(logits: Array, top: Array, labels: Array, costs: Array | None, options: Options) -> Sums:
    """Sums over one block of classes."""
    moved = _less(logits, top)
    hit = one_hot(labels, moved.shape[1])
    smooth = options.smoothing is not None
    present = (moved > -jnp.inf).astype(moved.dtype)
    finite = jnp.where(moved > -jnp.inf, moved, 0)
    shares = present if costs is None else present * costs.astype(moved.dtype)[None, :]
    cost = None if costs is None else jnp.where(hit, costs.astype(moved.dtype)[None, :], 0)
    return Sums(
        jnp.sum(jnp.exp(moved), axis=-1),
        jnp.sum(jnp.where(hit, logits, 0), axis=-1),
        None if cost is None else jnp.sum(cost, axis=-1),
        jnp.sum(present, axis=-1) if smooth else None,
        jnp.sum(shares, axis=-1) if smooth else None,
        jnp.sum(shares * finite, axis=-1) if smooth else None,
    )


def _values(sums: Sums, top: Array, options: Options) -> Array:
    """Loss of each token."""
    some = sums.exps > 0
    log_z = safe_log(sums.exps)
    log_z, top = jnp.where(some, log_z, 0), jnp.where(some, top, 0)
    value = log_z + (top - sums.hit)
    if sums.hit_cost is not None:
        value = product(sums.hit_cost, value)
    if options.smoothing is not None:
        spread = jnp.asarray(options.smoothing).astype(value.dtype)
        even = (sums.cost * log_z - sums.score) / jnp.maximum(sums.count, 1)
        value = (1 - spread) * value + spread * even
    if options.z_loss is not None:
        factor = jnp.asarray(options.z_loss).astype(value.dtype)
        value = value + factor * jnp.square(log_z + top)
    return jnp.where(some, value, 0)
