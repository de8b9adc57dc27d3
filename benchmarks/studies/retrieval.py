"""Embeddings of digits that find their like among classes that no loss has seen.

A small network learns an embedding from some of the ten classes; the others are held out. Pictures
are moved about and noisy, so that neighbours by pixels are not good enough.
"""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array
from matplotlib.figure import Figure
from sklearn.datasets import load_digits

import jaxloss as jl
from benchmarks.studies import Estimate, Study, estimate
from jaxloss.analysis.plots import BLUE, GROUNDS, VERMILLION, Floats, drawing, png

CLASSES, LEARNED, VALIDATED = 10, 5, 2
"""Of digits, of those to learn from, and to choose the learning rate by; the rest is the test."""
CANVAS, NOISE = 11, 0.35
"""Width of the field that a picture of 8 x 8 lies in, and the deviation of noise from grey 0 to 1.
"""
RATES = (1e-3, 3e-3, 1e-2)
WARM_UP = 0.1

Params = dict[str, Array]


class Size(NamedTuple):
    """How much work a study is."""

    seeds: int
    hidden: int
    features: int
    of_a_class: int
    steps: int
    views: int


class Loss(NamedTuple):
    """A loss of unit vectors.

    Attributes:
        values: of embeddings, labels and proxies.
        proxies: shape of what is learned for a class beside the network, before features; None for
            a loss without.
    """

    values: Callable[[Array, Array, Array], Array]
    proxies: tuple[int, ...] | None = None


def _of_labels(loss: Callable[..., Array], **options: Any) -> Loss:
    return Loss(lambda x, labels, _: loss(x, labels, **options))


def _of_proxies(loss: Callable[..., Array], *centers: int, **options: Any) -> Loss:
    return Loss(lambda x, labels, proxies: loss(x, proxies, labels, **options), centers)


LOSSES: Mapping[str, Loss] = {
    "contrastive, all pairs": _of_labels(jl.pairwise.batch_contrastive),
    "margin": _of_labels(jl.pairwise.margin),
    "triplets, all": _of_labels(jl.metric.batch_all_triplet),
    "triplets, hardest": _of_labels(jl.metric.batch_hard_triplet),
    "triplets, semi-hard": _of_labels(jl.metric.semihard_triplet, margin=0.2),
    "multi-similarity": _of_labels(jl.tuplet.multi_similarity),
    "circle": _of_labels(jl.tuplet.circle, scale=64.0),
    "NCA": _of_labels(jl.tuplet.nca, temperature=0.1),
    "supervised contrast": _of_labels(jl.contrastive.sup_con),
    "smooth average precision": _of_labels(jl.retrieval.smooth_ap, temperature=0.05),
    "fast average precision": _of_labels(jl.retrieval.fast_ap),
    "normalised softmax": _of_proxies(jl.margin_softmax.normalized_softmax),
    "CosFace": _of_proxies(jl.margin_softmax.cosface, scale=16.0, margin=0.2),
    "ArcFace": _of_proxies(jl.margin_softmax.arcface, scale=16.0, margin=0.2),
    "proxy-anchor": _of_proxies(jl.proxies.proxy_anchor),
    "proxy-NCA++": _of_proxies(jl.proxies.proxy_nca_plus_plus),
    "SoftTriple": _of_proxies(jl.proxies.soft_triple, 3),
}


class Pictures(NamedTuple):
    """Digits of one seed.

    Attributes:
        learn: shape `classes items 8 8`, as many of each class.
        validate: embedded and looked for, shape `items pixels`, with noise.
        test: likewise.
        validate_labels: of `validate`.
        test_labels: of `test`.
    """

    learn: Any
    validate: Any
    validate_labels: Any
    test: Any
    test_labels: Any


def pictures(seed: int, views: int) -> Pictures:
    """Classes for learning, validation and test, drawn anew for each seed.

    Args:
        seed: of the draw of classes, places and noise.
        views: pictures of each held-out class.
    """
    rng = np.random.default_rng(seed)
    images, target = (np.asarray(array) for array in load_digits(return_X_y=True))
    images = images.reshape(-1, 8, 8).astype(np.float32) / 16
    least = min(np.bincount(target))
    by_class = np.stack([images[target == c][:least] for c in range(CLASSES)])
    order = rng.permutation(CLASSES)
    learn, validate, test = np.split(order, (LEARNED, LEARNED + VALIDATED))

    def held_out(classes: Any) -> tuple[Any, Any]:
        rows = rng.permutation(least)[:views]
        shown = by_class[classes][:, rows].reshape(-1, 8, 8)
        tops, lefts = rng.integers(0, CANVAS - 7, (2, len(shown)))
        canvas = np.zeros((len(shown), CANVAS, CANVAS), np.float32)
        for picture, top, left, image in zip(canvas, tops, lefts, shown, strict=True):
            picture[top : top + 8, left : left + 8] = image
        canvas += NOISE * rng.standard_normal(canvas.shape, np.float32)
        return canvas.reshape(len(shown), -1), np.repeat(np.arange(len(classes)), len(rows))

    return Pictures(by_class[learn], *held_out(validate), *held_out(test))


def embedding(params: Params, x: Array) -> Array:
    """Unit vectors of pictures `... pixels`, by a network of two hidden layers."""
    hidden = jax.nn.relu(x @ params["weight0"] + params["bias0"])
    hidden = jax.nn.relu(hidden @ params["weight1"] + params["bias1"])
    return jl.numerics.normalize(hidden @ params["weight2"])


def initial(key: Array, size: Size, proxies: tuple[int, ...] | None) -> Params:
    """Parameters before training.

    Args:
        key: draws them.
        size: of the study.
        proxies: as in `Loss`.
    """
    keys = jax.random.split(key, 4)
    normal = jax.nn.initializers.he_normal()
    params = {
        "weight0": normal(keys[0], (CANVAS**2, size.hidden)),
        "bias0": jnp.zeros(size.hidden),
        "weight1": normal(keys[1], (size.hidden, size.hidden)),
        "bias1": jnp.zeros(size.hidden),
        "weight2": normal(keys[2], (size.hidden, size.features)),
    }
    if proxies is not None:
        params["proxies"] = jax.random.normal(keys[3], (LEARNED, *proxies, size.features))
    return params


def _drawn(key: Array, learn: Array, of_a_class: int) -> Array:
    """A batch of as many pictures of each class, each at a place of its own, under noise."""
    of_items, of_places, of_noise = jax.random.split(key, 3)
    items = jax.random.randint(of_items, (LEARNED, of_a_class), 0, learn.shape[1])
    images = learn[jnp.arange(LEARNED)[:, None], items].reshape(-1, 8, 8)
    places = jax.random.randint(of_places, (len(images), 2), 0, CANVAS - 7)

    def placed(image: Array, place: Array) -> Array:
        field = jnp.zeros((CANVAS, CANVAS))
        return jax.lax.dynamic_update_slice(field, image, (place[0], place[1]))

    canvas = jax.vmap(placed)(images, places)
    canvas += NOISE * jax.random.normal(of_noise, canvas.shape)
    return canvas.reshape(len(images), -1)


def trained(loss: Loss, learn: Array, rate: Array, key: Array, size: Size) -> Params:
    """Parameters after training with Adam.

    Args:
        loss: what is trained for.
        learn: pictures by class.
        rate: learning rate at its highest.
        key: of parameters and batches.
        size: how long.
    """
    of_params, of_batches = jax.random.split(key)
    params = initial(of_params, size, loss.proxies)
    labels = jnp.repeat(jnp.arange(LEARNED), size.of_a_class)
    warm_up = max(1, round(WARM_UP * size.steps))
    schedule = optax.warmup_cosine_decay_schedule(0.0, 1.0, warm_up, size.steps)
    optimizer = optax.chain(optax.clip_by_global_norm(1.0), optax.scale_by_adam())

    def value(params: Params, batch: Array) -> Array:
        proxies = params.get("proxies", jnp.zeros(()))
        return jl.mean(loss.values(embedding(params, batch), labels, proxies))

    def step(carry: tuple[Params, Any], at: tuple[Array, Array]) -> tuple[Any, None]:
        params, state = carry
        number, key = at
        grads = jax.grad(value)(params, _drawn(key, learn, size.of_a_class))
        updates, state = optimizer.update(grads, state)
        now = rate * schedule(number)
        return (jax.tree.map(lambda p, u: p - now * u, params, updates), state), None

    steps = jnp.arange(size.steps), jax.random.split(of_batches, size.steps)
    return jax.lax.scan(step, (params, optimizer.init(params)), steps)[0][0]


def scores(embedded: Array, labels: Array) -> tuple[Array, Array]:
    """Recall at 1 and mean average precision at R (Musgrave et al. 2020) of all items.

    Args:
        embedded: unit vectors, as many of each class.
        labels: of the items.
    """
    similarity = embedded @ embedded.T - 2 * jnp.eye(len(embedded))
    same = labels[:, None] == labels[None, :]
    ranked = jnp.take_along_axis(same, jnp.argsort(-similarity, axis=-1), axis=-1)
    count = jnp.sum(same, axis=-1, keepdims=True) - 1
    places = jnp.arange(1, len(embedded) + 1)
    precision = jnp.cumsum(ranked, axis=-1) / places
    counted = ranked & (places <= count)
    average = jnp.sum(jnp.where(counted, precision, 0), axis=-1) / count[:, 0]
    return jnp.mean(ranked[:, 0]), jnp.mean(average)


class Found(NamedTuple):
    """What the seeds of a loss come to, in percent.

    Attributes:
        recall: at 1, on the classes of the test.
        precision: mean average precision at R, likewise.
        rate: chosen by recall on the classes of validation, all seeds together.
    """

    recall: Floats
    precision: Floats
    rate: float


def found(loss: Loss, data: Pictures, size: Size) -> Found:
    """Train for all seeds and rates as one program, and choose the rate.

    Args:
        loss: what is trained for.
        data: of all seeds, stacked.
        size: of the study.
    """

    def one(rate: Array, key: Array, data: Pictures) -> tuple[Array, Array, Array]:
        params = trained(loss, jnp.asarray(data.learn), rate, key, size)
        of_validation = scores(
            embedding(params, jnp.asarray(data.validate)), jnp.asarray(data.validate_labels)
        )
        of_test = scores(embedding(params, jnp.asarray(data.test)), jnp.asarray(data.test_labels))
        return of_validation[0], *of_test

    of_seeds = jax.vmap(one, (None, 0, 0))
    keys = jax.random.split(jax.random.key(0), size.seeds)
    validation, recall, precision = map(
        np.asarray, jax.jit(jax.vmap(of_seeds, (0, None, None)))(jnp.asarray(RATES), keys, data)
    )
    best = int(validation.mean(1).argmax())
    return Found(100 * recall[best], 100 * precision[best], RATES[best])


def run(*, seeds: int = 8, quick: bool = False) -> Study:
    """Train with each loss, and look for the like of each held-out digit.

    Args:
        seeds: of each loss: which classes are held out, parameters, batches, noise.
        quick: tiny sizes, to try it out.
    """
    size = Size(min(seeds, 2), 16, 4, 3, 5, 20) if quick else Size(seeds, 256, 32, 8, 600, 170)
    each = [pictures(seed, size.views) for seed in range(size.seeds)]
    data = Pictures(*(np.stack(arrays) for arrays in zip(*each, strict=True)))
    results = {name: found(loss, data, size) for name, loss in LOSSES.items()}
    pixels = [
        scores(jl.numerics.normalize(jnp.asarray(one.test)), jnp.asarray(one.test_labels))
        for one in each
    ]
    untrained = jax.vmap(lambda key: initial(key, size, None))(
        jax.random.split(jax.random.key(0), size.seeds)
    )
    blank = jax.vmap(lambda p, x, y: scores(embedding(p, x), y))(
        untrained, jnp.asarray(data.test), jnp.asarray(data.test_labels)
    )
    recall, precision = np.asarray(pixels, np.float64).T
    baselines = {
        "no training": Found(100 * np.asarray(blank[0]), 100 * np.asarray(blank[1]), np.nan),
        "pixels": Found(100 * recall, 100 * precision, np.nan),
    }
    return Study(
        title="Digits of classes that were never seen",
        rows=[_row(name, one) for name, one in (results | baselines).items()],
        text=_words(results, baselines, size),
        pictures={"retrieval": _picture(results, baselines)},
        settings={**size._asdict(), "rates": list(RATES), "noise": NOISE},
    )


def _row(name: str, one: Found) -> dict[str, Any]:
    return {
        "loss": name,
        "recall at 1, %": estimate(one.recall),
        "mean average precision at R, %": estimate(one.precision),
        "learning rate": f"{one.rate:g}" if np.isfinite(one.rate) else "",
    }


def _words(results: Mapping[str, Found], baselines: Mapping[str, Found], size: Size) -> str:
    ranked = sorted(results, key=lambda name: -results[name].recall.mean())
    best, plain = ranked[0], "contrastive, all pairs"

    def lead(name: str) -> Estimate:
        return estimate(results[best].recall - results[name].recall)

    behind = [n for n in ranked[1:] if lead(n).mean > 2 * lead(n).error]
    level = [n for n in ranked[1:] if n not in behind]
    pixels = estimate(results[best].recall - baselines["pixels"].recall)
    return (
        f"Pictures of 8 x 8 lie anywhere in a field of {CANVAS} x {CANVAS}, under noise of a "
        f"deviation of {NOISE:g} from white to black. For each of {size.seeds} seeds {LEARNED} of "
        f"the ten classes are learned from, in {size.steps} steps of {size.of_a_class} pictures of "
        f"each class; {VALIDATED} others choose one of {len(RATES)} learning rates, and the last "
        f"{CLASSES - LEARNED - VALIDATED} are the test: {size.views} pictures each, every one of "
        "which looks for its like among all others. All seeds and rates of a loss are one program. "
        f"Embeddings are unit vectors of {size.features} numbers, from a network of two hidden "
        f"layers of {size.hidden}. Hyperparameters are the papers' but for scales and temperatures "
        "that are made for thousands of classes, and were set once, not tuned. Means and standard "
        "errors; differences are paired over seeds.\n\n"
        f"- {best} finds most: {estimate(results[best].recall)} % of nearest neighbours are right, "
        f"{pixels.mean:+.1f} ± {pixels.error:.1f} points against neighbours by pixels.\n"
        f"- Within two standard errors of it: {', '.join(level) or 'none'}.\n"
        f"- Behind: {', '.join(f'{n} ({-lead(n).mean:.1f})' for n in behind) or 'none'}.\n"
        f"- {best} against {plain}: {lead(plain).mean:+.1f} ± {lead(plain).error:.1f} points."
    )


def _picture(results: Mapping[str, Found], baselines: Mapping[str, Found]) -> bytes:
    """Recall of every seed, its mean and two standard errors, best on top."""
    everything = {**baselines, **results}
    order = sorted(everything, key=lambda name: everything[name].recall.mean())
    with drawing():
        figure = Figure(figsize=(7.6, 0.32 * len(order) + 1.1), layout="constrained")
        axes = figure.subplots()
        grey = GROUNDS["light"]["soft"]
        for place, name in enumerate(order):
            recall = everything[name].recall
            mean = estimate(recall)
            proxies = name in results and LOSSES[name].proxies is not None
            colour = grey if name in baselines else VERMILLION if proxies else BLUE
            axes.plot(recall, np.full(len(recall), place), "|", color=colour, alpha=0.6)
            axes.errorbar(mean.mean, place, xerr=2 * mean.error, fmt="o", color=colour, capsize=3)
        axes.set_yticks(range(len(order)), order)
        axes.set_xlabel(
            "nearest neighbours of the right class, %\n"
            "strokes: seeds; bars: two standard errors; orange: learns proxies of classes"
        )
        axes.set_title("recall at 1 on classes that were held out")
        return png(figure)
