"""Trainings per second: a population as one jitted program, against loops in Python."""

import time
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array
from matplotlib.figure import Figure
from numpy.typing import NDArray

from benchmarks.studies import Study
from jaxloss import search
from jaxloss.analysis.plots import drawing, png

MEMBERS = (1, 16, 64)
BATCHES = (1, 4, 16)
ROWS, FEATURES, HIDDEN, CLASSES = 1024, 64, 32, 10
BATCH, STEPS = 32, 1500
RATE = 5e-3
BY_STEPS, BY_TRAININGS = "Python loop over jitted steps", "Python loop over jitted trainings"
FAMILY = search.find("taylor", "logits")

Params = dict[str, Array]


def start(rng: np.random.Generator) -> Params:
    """Parameters of a network with one hidden layer."""
    first = rng.normal(0, np.sqrt(2 / FEATURES), (FEATURES, HIDDEN))
    last = rng.normal(0, np.sqrt(2 / HIDDEN), (HIDDEN, CLASSES))
    return {
        "first": jnp.asarray(first, jnp.float32),
        "bias": jnp.zeros(HIDDEN),
        "last": jnp.asarray(last, jnp.float32),
        "offset": jnp.zeros(CLASSES),
    }


def model(params: Params, x: Array) -> Array:
    """Logits."""
    return jax.nn.relu(x @ params["first"] + params["bias"]) @ params["last"] + params["offset"]


def stepper(optimizer: optax.GradientTransformation) -> Callable[..., Any]:
    """One step of training: the same function for everybody."""

    def step(theta: Array, params: Params, state: Any, x: Array, labels: Array) -> Any:
        def loss(params: Params) -> Array:
            return FAMILY.apply(theta, model(params, x), labels).mean()

        updates, state = optimizer.update(jax.grad(loss)(params), state, params)
        return optax.apply_updates(params, updates), state

    return step


def run(*, quick: bool = False) -> Study:
    """Time the same trainings in four ways, compiling counted in each.

    Args:
        quick: tiny sizes, to try it out.
    """
    search.use_cores()
    steps, members = (10, (1, 4)) if quick else (STEPS, MEMBERS)
    batches = (1, 4) if quick else BATCHES
    rng = np.random.default_rng(0)
    x = jnp.asarray(rng.normal(size=(ROWS, FEATURES)), jnp.float32)
    labels = jnp.asarray(rng.integers(0, CLASSES, ROWS))
    thetas = jnp.asarray(0.5 * rng.normal(size=(max(members), FAMILY.size)), jnp.float32)
    order = jnp.asarray(rng.integers(0, ROWS, (steps, BATCH)))
    beginning = start(rng)
    optimizer = optax.adam(RATE)
    step = stepper(optimizer)

    def training(theta: Array, seed: tuple[Params, Array]) -> Array:
        params, order = seed

        def body(carry: Any, rows: Array) -> tuple[Any, None]:
            return step(theta, *carry, x[rows], labels[rows]), None

        (params, _), _ = jax.lax.scan(body, (params, optimizer.init(params)), order)
        return jnp.mean(jnp.argmax(model(params, x), -1) == labels)

    def by_steps(count: int) -> list[float]:
        """A jitted step, compiled once, called from Python with batches cut by NumPy."""
        jitted = jax.jit(step)
        accuracy = jax.jit(lambda p: jnp.mean(model(p, x).argmax(-1) == labels))
        inputs, answers, places = np.asarray(x), np.asarray(labels), np.asarray(order)
        found: list[float] = []
        for theta in np.asarray(thetas[:count]):
            params, state = beginning, optimizer.init(beginning)
            for rows in places:
                params, state = jitted(theta, params, state, inputs[rows], answers[rows])
            found.append(float(accuracy(params)))
        return found

    def by_trainings(count: int) -> list[float]:
        """A whole training jitted, called for each member."""
        jitted = jax.jit(training)
        return [float(jitted(theta, (beginning, order))) for theta in thetas[:count]]

    def at_once(size: int, devices: int) -> Callable[[int], list[float]]:
        def population(count: int) -> list[float]:
            run = search.Evaluator(training, size, jax.devices()[:devices])
            found = run(thetas[:count], jax.tree.map(lambda leaf: leaf[None], (beginning, order)))
            return [float(value) for value in found[:, 0]]

        return population

    ways: dict[str, Callable[[int], list[float]]] = {
        BY_STEPS: by_steps,
        BY_TRAININGS: by_trainings,
    }
    cores = len(jax.devices())
    ways |= {
        f"one program, {size} at a time" + (f", {many} devices" if many > 1 else ""): at_once(
            size, many
        )
        for many in dict.fromkeys((1, cores))
        for size in batches
    }
    by_trainings(1)  # whatever is done once for a process
    rates: dict[str, list[float]] = {}
    for name, way in ways.items():
        rates[name] = []
        for count in members:
            jax.clear_caches()
            begun = time.perf_counter()
            way(count)
            rates[name].append(count / (time.perf_counter() - begun))
    loop = rates[BY_STEPS]
    rows = [
        {"way": name}
        | {
            f"{count} members": f"{rate:.2f}"
            for count, rate in zip(members, rates[name], strict=True)
        }
        | {f"times, {members[-1]}": f"{rates[name][-1] / loop[-1]:.1f}"}
        for name in ways
    ]
    return Study(
        title="Trainings per second",
        rows=rows,
        text=_words(rates, members, steps),
        pictures={"search_speed": _picture(rates, np.array(members))},
        settings={"steps": steps, "batch": BATCH, "hidden": HIDDEN, "family": FAMILY.name},
    )


def _words(rates: Mapping[str, list[float]], members: tuple[int, ...], steps: int) -> str:
    one_program = {name: rate for name, rate in rates.items() if name.startswith("one program")}
    best = max(one_program, key=lambda name: one_program[name][-1])
    loop, whole = rates[BY_STEPS][-1], rates[BY_TRAININGS][-1]
    rate = one_program[best][-1]
    return (
        f"Candidates of the {FAMILY.name} family train a network {FEATURES}-{HIDDEN}-{CLASSES} for "
        f"{steps} steps of Adam. Every way does the same trainings and counts its compiling. The "
        "loop over steps calls one jitted step, compiled once, with the loss's numbers as "
        "arguments, on batches cut by NumPy; a loss that is a new closure for each candidate would "
        "be compiled for each. Several devices are the cores of this CPU. At "
        f"{members[-1]} members, {best} does {rate:.1f} trainings a second: {rate / loop:.1f} "
        f"times the loop over steps ({loop:.2f}), and {rate / whole:.2f} times a loop over whole "
        f"jitted trainings ({whole:.1f})."
    )


def _picture(rates: Mapping[str, list[float]], members: NDArray[np.int64]) -> bytes:
    with drawing() as colours:
        figure = Figure(figsize=(7.2, 4.6), layout="constrained")
        axes = figure.add_subplot()
        axes.set_title("trainings per second, compiling included")
        for i, (name, values) in enumerate(rates.items()):
            dash = "-" if name.startswith("one program") else "--"
            axes.plot(
                members, values, dash, marker="o", color=colours[i % len(colours)], label=name
            )
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_xticks(members, [str(count) for count in members])
        axes.minorticks_off()
        axes.set_xlabel("members of the population")
        axes.set_ylabel("trainings per second")
        figure.legend(loc="outside lower left", ncols=2, handlelength=2.6)
        return png(figure)
