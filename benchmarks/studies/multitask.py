"""Three tasks on handwritten digits, balanced in ten ways with the same budget for tuning."""

import functools
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array
from matplotlib.figure import Figure
from numpy.typing import NDArray
from sklearn.datasets import load_digits

import jaxloss as jl
from benchmarks.studies import Study, estimate
from jaxloss.analysis.plots import GROUNDS, drawing, png
from jaxloss.objectives.balance import Balancer

Params = dict[str, dict[str, Array]]
Data = dict[str, Array]
TASKS: tuple[str, ...] = ("class", "parity", "ink")
OUTPUTS = {"class": 10, "parity": 1, "ink": 1}
RATES = (3e-3, 6e-3, 1e-2, 2e-2, 4e-2, 8e-2)
"""Six learning rates are the budget of every method; tuned weights spend it on fewer of them."""
TUNED = tuple(
    (rate, weights)
    for rate in (2e-2, 4e-2)
    for weights in ((1.0, 2.0, 1.0), (1.0, 1.0, 2.0), (0.5, 1.0, 1.0))
)


class Size(NamedTuple):
    """How much work a study is."""

    seeds: int
    hidden: int
    updates: int
    batch: int


class Setting(NamedTuple):
    """What is tuned: one entry for each trial."""

    rate: Array
    weights: Array


class Method(NamedTuple):
    """A way to train: what balances which tasks, and what is tried."""

    balancer: Callable[[], Balancer]
    settings: Setting
    tasks: Sequence[str] = TASKS


def methods() -> Mapping[str, Method]:
    """What is compared, by name; the networks of single tasks are what all are measured against."""
    even = Setting(jnp.array(RATES), jnp.ones((len(RATES), len(TASKS))))
    tuned = Setting(*(jnp.array(part) for part in zip(*TUNED, strict=True)))
    balanced = {
        "static, equal": jl.balance.static,
        "random": jl.balance.random,
        "log-sum": jl.balance.log_sum,
        "FAMO": jl.balance.famo,
        "MGDA": jl.balance.mgda,
        "PCGrad": jl.balance.pcgrad,
        "CAGrad": jl.balance.cagrad,
        "IMTL-G": jl.balance.imtl_g,
        "Nash-MTL": jl.balance.nash_mtl,
        "UPGrad": jl.balance.upgrad,
    }
    return {
        **{f"{task} alone": Method(jl.balance.static, even, (task,)) for task in TASKS},
        "static, tuned": Method(jl.balance.static, tuned),
        **{name: Method(balancer, even) for name, balancer in balanced.items()},
    }


def outputs(params: Params, x: Array) -> dict[str, Array]:
    """Outputs of the heads on one shared hidden layer."""
    hidden = jax.nn.relu(x @ params["trunk"]["kernel"] + params["trunk"]["bias"])
    return {task: hidden @ params[task]["kernel"] + params[task]["bias"] for task in TASKS}


def terms(params: Params, batch: Data) -> dict[str, jl.Average]:
    """The loss of each task."""
    found = outputs(params, batch["x"])
    parity, ink = found["parity"][:, 0], found["ink"][:, 0]
    return {
        "class": jl.average(
            jl.classification.softmax_cross_entropy(found["class"], batch["class"])
        ),
        "parity": jl.average(jl.classification.sigmoid_cross_entropy(parity, batch["parity"])),
        "ink": jl.average(jl.regression.squared_error(ink, batch["ink"])),
    }


def errors(params: Params, data: Data) -> Array:
    """What each task is judged by: shares of wrong answers, and the root of the mean square."""
    found = outputs(params, data["x"])
    wrong_class = jnp.argmax(found["class"], -1) != data["class"]
    wrong_parity = (found["parity"][:, 0] > 0) != (data["parity"] > 0.5)
    missed = jnp.sqrt(jnp.mean(jnp.square(found["ink"][:, 0] - data["ink"])))
    return jnp.stack([jnp.mean(wrong_class), jnp.mean(wrong_parity), missed])


def trained(method: Method, setting: Setting, data: Data, key: Array, size: Size) -> Params:
    """Parameters after training with Adam, in one scan."""
    start, draws = jax.random.split(key)
    names = ("trunk", *TASKS)
    keys = dict(zip(names, jax.random.split(start, len(names)), strict=True))
    pixels = data["x"].shape[1]
    normal = jax.nn.initializers.he_normal()

    def layer(name: str, inputs: int, width: int) -> dict[str, Array]:
        return {"kernel": normal(keys[name], (inputs, width)), "bias": jnp.zeros(width)}

    params = {task: layer(task, size.hidden, OUTPUTS[task]) for task in TASKS}
    params["trunk"] = layer("trunk", pixels, size.hidden)
    weights = dict(zip(TASKS, setting.weights, strict=True))

    def chosen(params: Params, batch: Data) -> dict[str, jl.Average]:
        found = terms(params, batch)
        return {task: found[task] for task in method.tasks}

    gradient = jl.balance.value_and_grad(chosen, method.balancer(), tasks=method.tasks)
    optimizer = optax.scale_by_adam()

    def update(carry: Any, at: tuple[Array, Array]) -> tuple[Any, None]:
        params, state, balance = carry
        step, key = at
        draw, key = jax.random.split(key)
        rows = jax.random.choice(draw, len(data["x"]), (size.batch,), replace=False)
        batch = jax.tree.map(lambda array: array[rows], data)
        _, grads, balance = gradient(
            params, balance, batch, key=key, weights={task: weights[task] for task in method.tasks}
        )
        updates, state = optimizer.update(grads, state)
        rate = setting.rate * 0.5 * (1 + jnp.cos(jnp.pi * step / size.updates))
        params = jax.tree.map(lambda p, u: p - rate * u, params, updates)
        return (params, state, balance), None

    steps = (jnp.arange(size.updates), jax.random.split(draws, size.updates))
    carry = (params, optimizer.init(params), gradient.init())
    (params, _, _), _ = jax.lax.scan(update, carry, steps)
    return params


def run(*, seeds: int = 8, quick: bool = False) -> Study:
    """Train with each method, choose its trial on validation data, and compare on test data.

    Args:
        seeds: of each trial: initial parameters, batches, and how the data are split.
        quick: tiny sizes, to try it out.
    """
    size = Size(min(seeds, 2), 8, 20, 32) if quick else Size(seeds, 32, 600, 128)
    images, digits = load_digits(return_X_y=True)
    ink = images.mean(axis=1)
    everything = {
        "x": jnp.asarray(images / 16, jnp.float32),
        "class": jnp.asarray(digits, jnp.int32),
        "parity": jnp.asarray(digits % 2, jnp.float32),
        "ink": jnp.asarray((ink - ink.mean()) / ink.std(), jnp.float32),
    }
    third = len(images) // 4

    def one(method: Method, setting: Setting, key: Array) -> tuple[Array, Array]:
        split, train = jax.random.split(key)
        order = jax.random.permutation(split, len(images))
        parts = (order[third * 2 :], order[:third], order[third : third * 2])
        learn, validate, test = (
            jax.tree.map(lambda array, rows=rows: array[rows], everything) for rows in parts
        )
        params = trained(method, setting, learn, train, size)
        return errors(params, validate), errors(params, test)

    keys = jax.random.split(jax.random.key(0), size.seeds)
    found: dict[str, tuple[NDArray[Any], NDArray[Any]]] = {}
    for name, method in methods().items():
        over_seeds = jax.vmap(functools.partial(one, method), in_axes=(None, 0))
        trials = jax.jit(jax.vmap(over_seeds, in_axes=(0, None)))
        found[name] = jax.device_get(trials(method.settings, keys))
    # Alone, each task has the trial that suits it.
    alone = {place: found[f"{task} alone"] for place, task in enumerate(TASKS)}
    best = [int(np.argmin(one[0][..., place].mean(axis=1))) for place, one in alone.items()]
    judged = [
        np.stack(
            [one[part][b][:, place] for (place, one), b in zip(alone.items(), best, strict=True)],
            axis=-1,
        )
        for part in (0, 1)
    ]
    chosen: dict[str, NDArray[Any]] = {"single tasks": judged[1]}
    trial: dict[str, int] = {}
    for name, (validation, test) in found.items():
        if not name.endswith(" alone"):
            gains = _gain(validation, judged[0])
            trial[name] = int(np.argmax(gains.mean(axis=1)))
            chosen[name] = test[trial[name]]
    rows = [
        {
            "method": name,
            **{
                f"{task}, {'RMSE in % of the spread' if task == 'ink' else 'wrong in %'}": estimate(
                    100 * test[:, place]
                )
                for place, task in enumerate(TASKS)
            },
            "gain on single tasks in %": estimate(100 * _gain(test, judged[1])),
        }
        for name, test in chosen.items()
    ]
    return Study(
        title="Three tasks on handwritten digits",
        rows=rows,
        text=_words(chosen, judged[1], size),
        pictures={"multitask": _picture(chosen, judged[1])},
        settings={**size._asdict(), "trials": trial, "rates": list(RATES), "tuned": list(TUNED)},
    )


def _gain(test: NDArray[Any], single: NDArray[Any]) -> NDArray[Any]:
    """By how much errors are lower than those of single tasks, the mean of the relative gains."""
    # Of the means over seeds: a seed that makes hardly an error would decide otherwise.
    return ((single.mean(axis=0) - test) / single.mean(axis=0)).mean(axis=-1)


def _words(chosen: Mapping[str, NDArray[Any]], single: NDArray[Any], size: Size) -> str:
    gains = {name: 100 * _gain(test, single) for name, test in chosen.items()}
    means = {name: float(gain.mean()) for name, gain in gains.items()}
    static = max(("static, equal", "static, tuned"), key=lambda name: means[name])
    simple = (static, "random", "log-sum")
    balancers = [n for n in means if n not in (*simple, "static, equal", "static, tuned")]
    balancers.remove("single tasks")
    best = max(balancers, key=lambda name: means[name])
    base = max(simple, key=lambda name: means[name])
    lead = estimate(gains[best] - gains[base])
    paid = lead.mean > 2 * lead.error
    verdict = (
        f"Balancing paid here: {best} is ahead of {base}, the best of what is free, by {lead} "
        "points"
        if paid
        else f"Balancing did not pay here: {best}, the best balancer, leads {base}, the best of "
        f"what is free, by {lead} points, no more than chance"
        if lead.mean > 0
        else f"Balancing did not pay here: {best}, the best balancer, is {-lead.mean:.1f} ± "
        f"{lead.error:.1f} points behind {base}, the best of what is free"
    )
    return (
        f"One hidden layer of {size.hidden} serves three tasks on 8 x 8 digits: which digit, odd "
        f"or even, and how much ink. Each method trains {len(RATES)} times, with other learning "
        f"rates (or weights), {size.updates} updates each; the trial with the lowest errors on "
        "validation data is shown on test data. Means over "
        f"{size.seeds} seeds and their standard errors. The gain is the mean over the tasks of how "
        "much lower the error is than that of a network of the same size for that task alone.\n\n"
        f"{verdict} (paired over seeds, in percent of the single tasks' errors)."
    )


def _picture(chosen: Mapping[str, NDArray[Any]], single: NDArray[Any]) -> bytes:
    """The gain, and the error of each task: a line a method."""
    soft = GROUNDS["light"]["soft"]
    panels: list[tuple[str, Callable[[NDArray[Any]], NDArray[Any]]]] = [
        ("gain on single tasks, %", lambda test: 100 * _gain(test, single)),
        ("wrong digit, %", lambda test: 100 * test[:, 0]),
        ("wrong parity, %", lambda test: 100 * test[:, 1]),
        ("ink, RMSE in % of the spread", lambda test: 100 * test[:, 2]),
    ]
    names = sorted(chosen, key=lambda name: -_gain(chosen[name], single).mean())
    with drawing() as colours:
        figure = Figure(figsize=(12, 1.4 + 0.32 * len(names)), layout="constrained")
        figure.suptitle("Three tasks, one network: what balancing does", x=0.01, ha="left")
        for axes, (title, of) in zip(figure.subplots(1, 4, sharey=True), panels, strict=True):
            for line, name in enumerate(names):
                one = estimate(of(chosen[name]))
                alone = name == "single tasks"
                colour = soft if alone else colours[0]
                axes.errorbar(one.mean, line, xerr=one.error, fmt="o", color=colour, capsize=3)
                if alone:
                    axes.axvline(one.mean, color=soft, linewidth=1, linestyle=(0, (1, 2)))
            axes.set_xlabel(title)
            axes.set_yticks(range(len(names)), names)
            axes.set_ylim(len(names) - 0.5, -0.5)
            axes.tick_params(axis="y", length=0)
            axes.grid(axis="y", visible=False)
        return png(figure)
