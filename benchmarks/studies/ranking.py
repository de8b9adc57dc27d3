"""Losses of ranked lists on lists of known optimum and on lists of digits: whose order is best.

The same small scorer learns with each loss from the same lists, and is judged by NDCG on lists it
has not seen. In made-up lists relevance is a noisy grade of a known utility, whose order no scorer
can beat on average; in lists of digits an image is asked for by another image of its class.
"""

import functools
import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from sklearn.datasets import load_digits

import jaxloss as jl
from benchmarks.studies import Study, estimate
from jaxloss.analysis.plots import GROUNDS, Floats, drawing, png

K = 10
"""Rank that NDCG ends at."""
FEATURES, HIDDEN, EMBEDDING = 12, 32, 16
RATE = 3e-3
NOISE = 0.7
"""Of the utility, against a standard deviation of 1."""
SOFT = GROUNDS["light"]["soft"]

LOSSES: Mapping[str, Callable[[Array, Array], Array]] = {
    "squared error": lambda s, y: jnp.mean(jl.regression.squared_error(s, y), axis=-1),
    "pairwise logistic": jl.ranking.pairwise_logistic,
    "pairwise hinge": jl.ranking.pairwise_hinge,
    "LambdaRank": jl.ranking.lambda_rank,
    "LambdaLoss": jl.ranking.lambda_loss,
    "softmax": jl.listwise.softmax,
    "ListNet": jl.listwise.list_net,
    "ListMLE": jl.listwise.list_mle,
    "unique softmax": jl.listwise.unique_softmax,
    "XE-NDCG": jl.listwise.xe_ndcg,
    "approx NDCG": jl.smooth_metrics.approx_ndcg,
    "NeuralSort": jl.sorting.neural_sort,
    "PiRank": jl.sorting.pi_rank,
}


class Size(NamedTuple):
    """How much work a study is."""

    seeds: int
    lists: int
    items: int
    test: int
    updates: int
    batch: int


class Lists(NamedTuple):
    """Lists of items, each with the query that it answers.

    Attributes:
        query: features of it; empty where there is none.
        items: features.
        relevance: grades.
        best: scores that no scorer can beat on average, where they are known.
    """

    query: Array
    items: Array
    relevance: Array
    best: Array


class Found(NamedTuple):
    """NDCG by seed of each loss, that of the known optimum, and the seconds that each took."""

    ndcg: Mapping[str, Floats]
    best: Floats
    seconds: Mapping[str, float]


def made_up(key: Array, lists: int, size: Size, secret: Array) -> Lists:
    """Lists whose utility is a bent line through the features; the top items are graded 1 to 4."""
    draw, noise = jax.random.split(key)
    items = jax.random.normal(draw, (lists, size.items, FEATURES))
    utility = jnp.sum(items * secret, axis=-1)
    utility = utility + 0.5 * jnp.sin(3 * utility)
    seen = utility + NOISE * jax.random.normal(noise, utility.shape)
    levels = jnp.array([0.6, 1.1, 1.7, 2.3])
    grades = jnp.sum(seen[..., None] > levels, axis=-1).astype(jnp.float32)
    return Lists(jnp.zeros((lists, 0)), items, grades, utility)


def of_digits(key: Array, lists: int, size: Size, images: Array, digits: Array) -> Lists:
    """Lists that an image asks for: grade 2 for its digit, 1 for the next to it, 0 for others."""
    ask, answer = jax.random.split(key)
    asked = jax.random.randint(ask, (lists,), 0, len(images))
    found = jax.random.randint(answer, (lists, size.items), 0, len(images))
    apart = jnp.abs(digits[found] - digits[asked][:, None])
    grades = jnp.maximum(2.0 - apart, 0.0)
    return Lists(images[asked], images[found], grades, grades)


def initial(key: Array, inputs: int) -> dict[str, Array]:
    """Parameters of the scorer."""
    first, last = jax.random.split(key)
    normal = lambda key, rows, columns: jax.random.normal(key, (rows, columns)) / np.sqrt(rows)
    return {
        "first": np.sqrt(2) * normal(first, inputs, HIDDEN),
        "bias": jnp.zeros(HIDDEN),
        "last": np.sqrt(2) * normal(last, HIDDEN, EMBEDDING),
        "top": jnp.ones(EMBEDDING) / EMBEDDING,
    }


def scorer(params: dict[str, Array], lists: Lists) -> Array:
    """Scores of the items: a weighted sum of their embedding, or its product with the query's."""

    def embedded(x: Array) -> Array:
        return jax.nn.silu(x @ params["first"] + params["bias"]) @ params["last"]

    items = embedded(lists.items)
    if not lists.query.shape[-1]:
        return items @ params["top"]
    return jnp.einsum("lid,ld->li", items, embedded(lists.query)) / EMBEDDING


def trained(
    loss: Callable[..., Array], train: Lists, start: Array, chosen: Array
) -> dict[str, Array]:
    """Parameters after training with Adam, in one scan over which lists make a batch."""
    params = initial(start, train.items.shape[-1])
    optimizer = optax.adam(optax.cosine_decay_schedule(RATE, len(chosen)))

    def update(carry: Any, places: Array) -> tuple[Any, None]:
        params, state = carry
        batch = jax.tree.map(lambda x: x[places], train)
        value = lambda params: jl.mean(loss(scorer(params, batch), batch.relevance))
        updates, state = optimizer.update(jax.grad(value)(params), state, params)
        return (optax.apply_updates(params, updates), state), None

    return jax.lax.scan(update, (params, optimizer.init(params)), chosen)[0][0]


def judged(scores: Array, lists: Lists) -> Array:
    """Mean NDCG, in percent."""
    values = jl.rank_metrics.ndcg(scores, lists.relevance, k=K)
    return 100 * jl.mean(values, where=jnp.any(lists.relevance > 0, axis=-1))


def compared(draw: Callable[[Array], tuple[Lists, Lists]], size: Size) -> Found:
    """Train with each loss from each seed; all seeds of a loss are one program."""

    @jax.jit
    @jax.vmap
    def drawn(key: Array) -> tuple[Lists, Lists, Array, Array, Array]:
        lists, start, batches = jax.random.split(key, 3)
        train, test = draw(lists)
        shape = (size.updates, size.batch)
        chosen = jax.random.randint(batches, shape, 0, size.lists)
        return train, test, start, chosen, judged(test.best, test)

    # Drawn once, so that losses differ in nothing else and their programs are small.
    *given, best = drawn(jax.random.split(jax.random.key(0), size.seeds))

    def one(
        loss: Callable[..., Array], train: Lists, test: Lists, start: Array, chosen: Array
    ) -> Array:
        return judged(scorer(trained(loss, train, start, chosen), test), test)

    ndcg: dict[str, Floats] = {}
    seconds: dict[str, float] = {}
    for name, loss in LOSSES.items():
        run = jax.jit(jax.vmap(functools.partial(one, loss))).lower(*given).compile()
        began = time.perf_counter()
        ndcg[name] = np.asarray(run(*given))
        seconds[name] = time.perf_counter() - began
    return Found(ndcg, np.asarray(best), seconds)


def run(*, seeds: int = 8, quick: bool = False) -> Study:
    """Train with each loss on both kinds of lists, and compare.

    Args:
        seeds: of each loss: initial parameters, batches, and the lists.
        quick: tiny sizes, to try it out.
    """
    size = Size(seeds, 192, 24, 256, 400, 16)
    if quick:
        size = Size(min(seeds, 2), 8, 6, 8, 5, 4)
    images, digits = load_digits(return_X_y=True)
    images, digits = jnp.asarray(images / 16, jnp.float32), jnp.asarray(digits, jnp.int32)

    def invented(key: Array) -> tuple[Lists, Lists]:
        first, second, third = jax.random.split(key, 3)
        secret = jax.random.normal(third, (FEATURES,))
        secret = secret / jnp.linalg.norm(secret)
        return (
            made_up(first, size.lists, size, secret),
            made_up(second, size.test, size, secret),
        )

    def looked_up(key: Array) -> tuple[Lists, Lists]:
        first, second, third = jax.random.split(key, 3)
        order = jax.random.permutation(third, len(images))
        learn, rest = order[: len(images) // 2], order[len(images) // 2 :]
        return (
            of_digits(first, size.lists, size, images[learn], digits[learn]),
            of_digits(second, size.test, size, images[rest], digits[rest]),
        )

    found = {
        "made-up lists": compared(invented, size),
        "lists of digits": compared(looked_up, size),
    }
    return Study(
        title="Losses of ranked lists",
        rows=[_row(name, found) for name in LOSSES],
        text=_words(found, size),
        pictures={"ranking": _picture(found, size)},
        settings={
            **size._asdict(),
            "features": FEATURES,
            "hidden": HIDDEN,
            "noise": NOISE,
            "rate": RATE,
        },
    )


def _row(name: str, found: Mapping[str, Found]) -> dict[str, Any]:
    kinds = {f"NDCG@{K}, {kind}, %": estimate(one.ndcg[name]) for kind, one in found.items()}
    seconds = sum(one.seconds[name] for one in found.values())
    return {"loss": name, **kinds, "seconds, both": f"{seconds:.1f}"}


def _ahead(one: Found) -> tuple[str, list[str]]:
    """The loss with the best mean, and those within two standard errors of the difference."""
    best = max(one.ndcg, key=lambda name: one.ndcg[name].mean())
    near: list[str] = []
    for name, values in one.ndcg.items():
        lead = estimate(one.ndcg[best] - values)
        if name != best and (not np.isfinite(lead.error) or lead.mean <= 2 * lead.error):
            near.append(name)
    return best, near


def _words(found: Mapping[str, Found], size: Size) -> str:
    sentences: list[str] = []
    for kind, one in found.items():
        best, near = _ahead(one)
        worst = min(one.ndcg, key=lambda name: one.ndcg[name].mean())
        others = ", ".join(near) if near else "no other"
        sentences.append(
            f"On {kind}, {best} is best with {estimate(one.ndcg[best])} %; within two standard "
            f"errors of it on the same seeds: {others}. Last is {worst}, "
            f"{estimate(one.ndcg[best] - one.ndcg[worst])} points behind."
        )
    optimum = estimate(found["made-up lists"].best)
    lack = estimate(
        found["made-up lists"].best - found["made-up lists"].ndcg[_ahead(found["made-up lists"])[0]]
    )
    return (
        f"A scorer with a hidden layer of {HIDDEN} learns from {size.lists} lists of "
        f"{size.items} items with {size.updates} updates of Adam, at one learning rate for all "
        f"losses; losses are at their defaults. NDCG@{K} is of {size.test} lists of new items. "
        f"Means over {size.seeds} seeds and their standard errors; seconds are those of all seeds "
        "in one program. Each seed is another problem, and most of the errors are what all losses "
        "share: the sentences below compare them seed by seed.\n\n"
        f"In made-up lists grades are noisy, so that even the true order reaches {optimum} % only: "
        f"the best loss is {lack} points below it.\n\n" + "\n\n".join(sentences)
    )


def _picture(found: Mapping[str, Found], size: Size) -> bytes:
    with drawing() as colours:
        figure = Figure(figsize=(9.0, 4.6), layout="constrained")
        panels = figure.subplots(1, len(found))
        for axes, (kind, one) in zip(panels, found.items(), strict=True):
            _panel(axes, kind, one, colours[0])
        figure.supxlabel(
            f"NDCG@{K} on new lists, %: mean of {size.seeds} seeds, two standard errors", fontsize=9
        )
        return png(figure)


def _panel(axes: Axes, kind: str, one: Found, colour: str) -> None:
    """A dot for each loss, the best on top."""
    names = sorted(one.ndcg, key=lambda name: one.ndcg[name].mean())
    each = [estimate(one.ndcg[name]) for name in names]
    places = np.arange(len(names))
    errors = np.nan_to_num([2 * e.error for e in each])
    axes.errorbar(
        [e.mean for e in each], places, xerr=errors, fmt="o", color=colour, capsize=2, markersize=5
    )
    axes.set_yticks(places, names)
    axes.set_title(kind[0].upper() + kind[1:])
    axes.grid(axis="x", alpha=0.3)
    axes.margins(x=0.08)
    if one.best.mean() < 99.9:
        axes.axvline(float(one.best.mean()), color=SOFT, linewidth=1, linestyle=(0, (1, 2)))
        axes.annotate(
            "true order",
            (float(one.best.mean()), 0),
            xytext=(-4, 0),
            textcoords="offset points",
            ha="right",
            va="center",
            fontsize=8.5,
            color=SOFT,
        )
