"""One model, one loss, all seeds: a single vmapped and jitted scan."""

import itertools
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import Any, cast

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array
from jaxtyping import Float, Int, PyTree
from numpy.typing import NDArray

from jaxloss.analysis.probe import gradient_norm, probe
from jaxloss.lab.data import Data
from jaxloss.lab.split import Splits

MOST_POINTS = 60
MOST_TRAIN_ROWS = 4096  # of the training part, for its recorded loss and the probes
BASELINE_STEPS = 200

Params = list[tuple[Array, Array]]
Values = Callable[[Array, Array], Array]


@dataclass(frozen=True)
class Plan:
    """How every loss is trained.

    Attributes:
        steps: updates.
        batch_size: examples per update, drawn with replacement.
        learning_rate: of Adam, which is used because its steps do not depend on the scale of a
            loss: with plain gradient descent the comparison would be one of scales.
        hidden: widths of the hidden layers.
        seed: first seed.
    """

    steps: int = 1500
    batch_size: int = 64
    learning_rate: float = 2e-3
    hidden: tuple[int, ...] = (128,)
    seed: int = 0

    @property
    def grid(self) -> NDArray[np.int64]:
        """The recorded steps, evenly spread, from 0 to the last."""
        points = min(self.steps, MOST_POINTS)
        return np.round(np.linspace(0, self.steps, points + 1)).astype(np.int64)


@dataclass(frozen=True)
class Part:
    """One part of the data on the device: inputs, target, and weights that sum to one."""

    inputs: Array
    target: Array
    weights: Array


jax.tree_util.register_dataclass(Part, ["inputs", "target", "weights"], [])


@dataclass(frozen=True)
class Run:
    """What all seeds of one loss gave.

    Attributes:
        curves: recorded figures by name, each (seeds, points).
        baseline: training loss of the best constant output, (seeds,).
        test_outputs: outputs for the test part at the end, (seeds, rows) or (seeds, rows, classes).
    """

    curves: dict[str, NDArray[np.float64]]
    baseline: NDArray[np.float64]
    test_outputs: NDArray[np.float64]


@dataclass(frozen=True)
class SeedSetup:
    """What differs from seed to seed: parts of the data, initial weights, batches."""

    rows: Array
    target: Array
    mean: Array
    deviation: Array
    scale: Array
    params: Params
    batches: Array
    recorded: Part
    validation: Part
    test: Part


jax.tree_util.register_dataclass(SeedSetup, [f.name for f in fields(SeedSetup)], [])


@dataclass(frozen=True)
class Setup:
    """Everything that the losses share, on the device; the first axis runs over seeds.

    It is drawn once and handed to each loss, so that the comparison is one of pairs.

    Attributes:
        data: the data.
        plan: how to train.
        features: of all rows, not yet standardised; without an axis of seeds.
        seeds: what differs from seed to seed.
    """

    data: Data
    plan: Plan
    features: Array
    seeds: SeedSetup


def prepare(data: Data, splits: Splits, plan: Plan, *, balanced: bool) -> Setup:
    """Draw initial weights and batches and put the parts on the device.

    Args:
        data: the data.
        splits: parts of them, one per seed.
        plan: how to train.
        balanced: whether classes count alike in the metric, rather than examples.
    """
    count, rows = splits.train.shape
    width = len(data.classes) if data.task == "multiclass" else 1
    sizes = (data.features.shape[1], *plan.hidden, width)
    size = min(plan.batch_size, rows)
    params, batches = [], []
    for i in range(count):
        rng = np.random.default_rng([plan.seed + i, 4])  # 0 to 3 are the streams of the split
        params.append(init(rng, sizes))
        batches.append(rng.integers(0, rows, (plan.steps, size), np.int32))
    seeds = SeedSetup(
        rows=jnp.asarray(splits.train),
        target=_target(data, splits, splits.train_target),
        mean=jnp.asarray(splits.mean),
        deviation=jnp.asarray(splits.deviation),
        scale=jnp.asarray(splits.scale, jnp.float32),
        params=jax.tree.map(lambda *leaves: jnp.stack(leaves), *params),
        batches=jnp.asarray(np.stack(batches)),
        recorded=_part(data, splits, "record", balanced),
        validation=_part(data, splits, "validation", balanced),
        test=_part(data, splits, "test", balanced),
    )
    return Setup(data, plan, jnp.asarray(splits.features), seeds)


def init(rng: np.random.Generator, sizes: tuple[int, ...]) -> Params:
    """A multilayer perceptron with He initialisation.

    Args:
        rng: random numbers.
        sizes: widths from the inputs to the outputs.
    """
    return [
        (jnp.asarray(rng.normal(0, np.sqrt(2 / m), (m, n)), jnp.float32), jnp.zeros(n))
        for m, n in itertools.pairwise(sizes)
    ]


def apply(params: Params, inputs: Float[Array, "batch dim"]) -> Float[Array, "batch ..."]:
    """Outputs of the perceptron; a single output loses its axis."""
    *hidden, (kernel, bias) = params
    for weights, shift in hidden:
        inputs = jax.nn.relu(inputs @ weights + shift)
    outputs = inputs @ kernel + bias
    return outputs[:, 0] if outputs.shape[1] == 1 else outputs


def train(values: Values, setup: Setup) -> Run:
    """Train all seeds with one loss.

    Args:
        values: the loss, from outputs and targets to one value per example.
        setup: what it shares with the other losses.
    """
    run = jax.jit(jax.vmap(_one_seed(values, setup.data, setup.plan), in_axes=(None, 0)))
    curves, baseline, outputs = jax.device_get(run(setup.features, setup.seeds))
    wide = {name: np.asarray(curve, np.float64) for name, curve in curves.items()}
    return Run(wide, np.asarray(baseline, np.float64), np.asarray(outputs, np.float64))


def _one_seed(
    values: Values, data: Data, plan: Plan
) -> Callable[[Array, SeedSetup], tuple[dict[str, Array], Array, Array]]:
    """The whole training of one seed: curves, loss of the best constant, outputs for the test."""
    optimizer = optax.adam(plan.learning_rate)
    grid = jnp.asarray(plan.grid)

    def run(
        features: Float[Array, "all dim"], seed: SeedSetup
    ) -> tuple[dict[str, Array], Array, Array]:
        def mean_loss(params: Params, chosen: Int[Array, " batch"]) -> Array:
            inputs = (features[seed.rows[chosen]] - seed.mean) / seed.deviation
            return values(apply(params, inputs), seed.target[chosen]).mean()

        def update(
            step: Array, state: tuple[Params, PyTree, Array]
        ) -> tuple[Params, PyTree, Array]:
            params, memory, norms = state
            gradient = jax.grad(mean_loss)(params, seed.batches[step])
            updates, memory = optimizer.update(gradient, memory, params)
            norms = norms + gradient_norm(gradient)
            return cast(Params, optax.apply_updates(params, updates)), memory, norms

        def record(params: Params) -> dict[str, Array]:
            outputs = apply(params, seed.recorded.inputs)
            held_out = apply(params, seed.validation.inputs)
            tested = apply(params, seed.test.inputs)
            return probe(lambda x: values(x, seed.recorded.target), outputs) | {
                "train_loss": values(outputs, seed.recorded.target).mean(),
                "validation_loss": values(held_out, seed.validation.target).mean(),
                "validation_metric": score(data, held_out, seed.validation, seed.scale),
                "test_metric": score(data, tested, seed.test, seed.scale),
            }

        def stretch(
            state: tuple[Params, PyTree], span: tuple[Array, Array]
        ) -> tuple[tuple[Params, PyTree], dict[str, Array]]:
            begin, end = span
            *new, norms = jax.lax.fori_loop(begin, end, update, (*state, jnp.zeros(())))
            # Before the first update there is no gradient to tell of: 0 / 0 is NaN there.
            figures = record(new[0]) | {"gradient_norm": norms / (end - begin)}
            return (new[0], new[1]), figures

        spans = (jnp.concatenate([grid[:1], grid[:-1]]), grid)
        start = (seed.params, optimizer.init(seed.params))
        (params, _), curves = jax.lax.scan(stretch, start, spans)
        width = len(data.classes) if data.task == "multiclass" else 1
        baseline = _constant_loss(values, seed.recorded, width)
        return curves, baseline, apply(params, seed.test.inputs)

    return run


def _constant_loss(values: Values, part: Part, width: int) -> Array:
    """Loss of the best constant output, found by Adam from zero outputs."""
    count = part.target.shape[0]
    optimizer = optax.adam(0.05)

    def loss(constant: Array) -> Array:
        outputs = jnp.broadcast_to(constant, (count, width))
        return values(outputs[:, 0] if width == 1 else outputs, part.target).mean()

    def step(state: tuple[Array, PyTree], _: None) -> tuple[tuple[Array, PyTree], Array]:
        constant, memory = state
        value, gradient = jax.value_and_grad(loss)(constant)
        updates, memory = optimizer.update(gradient, memory)
        return (cast(Array, optax.apply_updates(constant, updates)), memory), value

    start = jnp.zeros(width)
    _, losses = jax.lax.scan(step, (start, optimizer.init(start)), length=BASELINE_STEPS)
    return losses.min()


def score(data: Data, outputs: Array, part: Part, scale: Array) -> Array:
    """Weighted share of right classes, or the mean absolute error in units of the target.

    Args:
        data: the data.
        outputs: of a model for a part of them.
        part: the part.
        scale: of the target.
    """
    if data.task == "regression":
        return scale * jnp.sum(part.weights * jnp.abs(outputs - part.target))
    decided = outputs.argmax(-1) if data.task == "multiclass" else outputs > 0
    return jnp.sum(part.weights * (decided == part.target))


def _part(data: Data, splits: Splits, name: str, balanced: bool) -> Part:
    """One part for all seeds; `record` is the beginning of the training part, as corrupted."""
    if name == "record":
        rows = splits.train[:, :MOST_TRAIN_ROWS]
        target = splits.train_target[:, :MOST_TRAIN_ROWS]
    else:
        rows = getattr(splits, name)
        target = data.target[rows]
    inputs = (splits.features[rows] - splits.mean[:, None]) / splits.deviation[:, None]
    weights = np.full(rows.shape, 1 / rows.shape[1])
    if balanced and name != "record":
        classes = len(data.classes)
        counts = np.stack([np.bincount(t, minlength=classes) for t in target])
        weights = 1 / (classes * np.take_along_axis(counts, target, 1))
    return Part(
        jnp.asarray(inputs),
        _target(data, splits, target),
        jnp.asarray(weights, jnp.float32),
    )


def _target(data: Data, splits: Splits, target: NDArray[Any]) -> Array:
    """Class numbers as they are; regression targets in the standard units of each seed."""
    if data.task != "regression":
        return jnp.asarray(target, jnp.int32)
    return jnp.asarray((target - splits.center[:, None]) / splits.scale[:, None], jnp.float32)
