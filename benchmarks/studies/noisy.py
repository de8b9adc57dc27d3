"""Handwritten digits under wrong labels: which losses let a network learn the right ones."""

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
from jaxloss.analysis.plots import BLUE, GROUNDS, VERMILLION, drawing, png

Params = dict[str, Array]
CLASSES = 10
NOISE = (0.0, 0.2, 0.4, 0.6)
"""Share of the training labels that are changed to another one, any with the same chance."""
RATES = (1e-3, 4e-3)
BATCH, WIDTH = 50, 128
SETTING = 2
"""Place in NOISE of the noise that losses are put in order by."""
cross_entropy = jl.classification.softmax_cross_entropy


class Size(NamedTuple):
    """How much work a study is."""

    seeds: int
    updates: int
    train: int
    validate: int


class Given(NamedTuple):
    """What a loss may look at: one batch.

    Attributes:
        logits: of the network.
        labels: as they were seen.
        average: of the predictions for the same examples so far.
        noise: share of the labels that are wrong.
        key: for chance.
    """

    logits: Array
    labels: Array
    average: Array
    noise: Array
    key: Array


class Found(NamedTuple):
    """Of one training: shares from 0 to 1.

    Attributes:
        validation: agreement with wrong labels, that a learning rate is chosen by.
        test: accuracy on examples with right labels.
        learned: of the wrong labels, those that the network gives in the end.
    """

    validation: Array
    test: Array
    learned: Array


def _peer(given: Given) -> Array:
    one, other = (
        jax.random.permutation(key, len(given.labels)) for key in jax.random.split(given.key)
    )
    return jl.weak.peer(
        given.logits, given.labels, given.logits[one], given.labels[other], alpha=0.25
    )


def _of_labels(loss: Callable[..., Array], **hyper: Any) -> Callable[[Given], Array]:
    return lambda given: loss(given.logits, given.labels, **hyper)


def _told(loss: Callable[..., Array]) -> Callable[[Given], Array]:
    """A loss that knows how labels were changed."""
    return lambda given: loss(
        given.logits, given.labels, jl.weak.symmetric_transition(CLASSES, rate=given.noise)
    )


METHODS: Mapping[str, Callable[[Given], Array]] = {
    "cross-entropy": _of_labels(cross_entropy),
    "label smoothing": _of_labels(cross_entropy, smoothing=0.1),
    "generalised (GCE)": _of_labels(jl.noisy.generalized_cross_entropy),
    "symmetric (SCE)": _of_labels(jl.noisy.symmetric_cross_entropy),
    "Taylor": _of_labels(jl.noisy.taylor_cross_entropy),
    "bi-tempered": _of_labels(jl.noisy.bi_tempered),
    "partially huberised": _of_labels(jl.noisy.partially_huberized_cross_entropy, tau=2.0),
    "mean absolute error": _of_labels(jl.noisy.mean_absolute_error),
    "normalised + MAE": _of_labels(jl.noise_tolerant.active_passive),
    "normalised focal + MAE": _of_labels(jl.noise_tolerant.active_passive, active="focal"),
    "asymmetric (AGCE)": _of_labels(
        jl.noise_tolerant.asymmetric_generalized_cross_entropy, a=0.6, q=0.6
    ),
    "soft bootstrap": _of_labels(jl.self_correction.soft_bootstrap),
    "hard bootstrap": _of_labels(jl.self_correction.hard_bootstrap),
    "Jensen-Shannon": _of_labels(jl.self_correction.jensen_shannon),
    "early learning (ELR)": lambda given: jl.self_correction.early_learning_regularization(
        given.logits, given.labels, given.average
    ),
    "peer": _peer,
    "forward correction": _told(jl.weak.forward_correction),
    "backward correction": _told(jl.weak.backward_correction),
}


def logits(params: Params, images: Array) -> Array:
    """Scores of the digits, by one hidden layer."""
    hidden = jax.nn.relu(images @ params["in"] + params["in bias"])
    return hidden @ params["out"] + params["out bias"]


def initial(key: Array, pixels: int) -> Params:
    """Parameters of the network."""
    first, last = jax.random.split(key)
    return {
        "in": jax.random.normal(first, (pixels, WIDTH)) * jnp.sqrt(2 / pixels),
        "in bias": jnp.zeros(WIDTH),
        "out": jax.random.normal(last, (WIDTH, CLASSES)) * jnp.sqrt(1 / WIDTH),
        "out bias": jnp.zeros(CLASSES),
    }


def changed(labels: Array, noise: Array, key: Array) -> Array:
    """Labels of which a share has become another one."""
    first, second = jax.random.split(key)
    # The same draws for every share: more noise changes the labels that less does, and others.
    wrong = jax.random.uniform(first, labels.shape) < noise
    other = (labels + jax.random.randint(second, labels.shape, 1, CLASSES)) % CLASSES
    return jnp.where(wrong, other, labels)


def trained(
    loss: Callable[[Given], Array],
    images: Array,
    labels: Array,
    noise: Array,
    rate: Array,
    key: Array,
    size: Size,
) -> Params:
    """Parameters after training with Adam at a learning rate that falls to 0."""
    start, batches, chance = jax.random.split(key, 3)
    optimizer = optax.scale_by_adam()
    params = initial(start, images.shape[-1])
    state = (params, optimizer.init(params), jnp.zeros((len(labels), CLASSES)))

    def update(state: tuple[Params, Any, Array], step: Array) -> tuple[Any, None]:
        params, moments, averages = state
        rows = jax.random.choice(
            jax.random.fold_in(batches, step), len(labels), (BATCH,), replace=False
        )

        def objective(params: Params) -> tuple[Array, Array]:
            scores = logits(params, images[rows])
            average = jl.self_correction.average_predictions(averages[rows], scores)
            key = jax.random.fold_in(chance, step)
            return jl.mean(loss(Given(scores, labels[rows], average, noise, key))), average

        grads, average = jax.grad(objective, has_aux=True)(params)
        updates, moments = optimizer.update(grads, moments)
        now = rate * 0.5 * (1 + jnp.cos(jnp.pi * step / size.updates))
        params = jax.tree.map(lambda p, u: p - now * u, params, updates)
        return (params, moments, averages.at[rows].set(average)), None

    return jax.lax.scan(update, state, jnp.arange(size.updates))[0][0]


def run(*, seeds: int = 10, quick: bool = False) -> Study:
    """Train with each loss under each noise, choose learning rates by noisy labels, and compare.

    Args:
        seeds: of each loss: initial parameters, batches, wrong labels, and which digits are for
            what.
        quick: tiny sizes, to try it out.
    """
    size = Size(min(seeds, 2), 3, 60, 20) if quick else Size(seeds, 1000, 700, 300)
    pixels, digits = load_digits(return_X_y=True)
    images, digits = jnp.asarray(pixels / 16, jnp.float32), jnp.asarray(digits, jnp.int32)

    def one(loss: Callable[[Given], Array], key: Array, noise: Array, rate: Array) -> Found:
        split, wrong, train = jax.random.split(key, 3)
        order = jax.random.permutation(split, len(images))
        labels = changed(digits, noise, wrong)
        ends = (size.train, size.train + size.validate)
        learn, validate, test = jnp.split(order, ends)
        params = trained(loss, images[learn], labels[learn], noise, rate, train, size)
        said = jnp.argmax(logits(params, images), axis=-1)
        spoiled = labels[learn] != digits[learn]
        return Found(
            jnp.mean(said[validate] == labels[validate]),
            jnp.mean(said[test] == digits[test]),
            jl.mean((said == labels)[learn].astype(jnp.float32), where=spoiled),
        )

    keys = jax.random.split(jax.random.key(0), size.seeds)
    levels, rates = jnp.asarray(NOISE), jnp.asarray(RATES)

    def all_of(loss: Callable[[Given], Array]) -> Found:
        """Of all seeds, noises and rates at once; the rate chosen, an array `noises seeds`."""
        each = lambda key, noise, rate: one(loss, key, noise, rate)
        for axes in ((0, None, None), (None, 0, None), (None, None, 0)):
            each = jax.vmap(each, axes)
        found = jax.device_get(jax.jit(each)(keys, levels, rates))
        best = np.argmax(found.validation.mean(-1), axis=0)
        return Found(*(array[best, np.arange(len(NOISE))] for array in found))

    results = {name: all_of(loss) for name, loss in METHODS.items()}
    order = sorted(results, key=lambda name: -results[name].test[SETTING].mean())
    return Study(
        title="Handwritten digits under wrong labels",
        rows=[_row(name, results[name]) for name in order],
        text=_words(results, size, len(images)),
        pictures={"noisy": _picture({name: results[name] for name in order})},
        settings={**size._asdict(), "batch": BATCH, "width": WIDTH, "rates": RATES},
    )


def _row(name: str, found: Found) -> dict[str, Any]:
    shares = {
        f"accuracy at {100 * noise:.0f} %": estimate(100 * found.test[place])
        for place, noise in enumerate(NOISE)
    }
    learned = estimate(100 * found.learned[SETTING])
    return {
        "loss": name,
        **shares,
        f"wrong labels learned at {100 * NOISE[SETTING]:.0f} %": learned,
    }


def _words(results: Mapping[str, Found], size: Size, digits: int) -> str:
    base = results["cross-entropy"]
    said: list[str] = []
    for place, noise in enumerate(NOISE):
        better, worse, alike = list[str](), list[str](), list[str]()
        for name, found in results.items():
            if name != "cross-entropy":
                lead = estimate(100 * (found.test[place] - base.test[place]))
                sure = size.seeds > 1 and abs(lead.mean) > 2 * lead.error
                group = alike if not sure else better if lead.mean > 0 else worse
                group.append(f"{name} ({lead.mean:+.1f} ± {lead.error:.1f})")
        parts = [
            f"{verdict} than cross-entropy: {', '.join(names)}"
            for verdict, names in (("better", better), ("worse", worse), ("no different", alike))
            if names
        ]
        share = f"{100 * noise:.0f} % wrong labels" if noise else "right labels"
        said.append(f"- Under {share}, {'; '.join(parts)}.")
    listed = "\n".join(said)
    return (
        f"The digits are those of scikit-learn: {size.train} to learn from, {size.validate} to "
        f"choose a learning rate by, {digits - size.train - size.validate} to test on. Of the "
        "first two sets a share of the labels is changed to another digit, any with the same "
        "chance; test labels are right. A network with one hidden layer learns in "
        f"{size.updates} updates of {BATCH} with Adam, {size.updates * BATCH // size.train} times "
        f"through the examples, at each of {len(RATES)} learning rates; that with the better "
        "agreement with the wrong labels kept aside is taken, since nobody who has wrong labels "
        "has right ones to choose by. Hyperparameters are the defaults but for the huberised "
        "loss (tau 2), AGCE (a and q 0.6) and peer loss (alpha 0.25), and none is chosen for a "
        "noise. The two corrections alone are told how many labels are wrong. All seeds, noises "
        "and rates of a loss are one program.\n\n"
        f"Means over {size.seeds} seeds and their standard errors, in points of accuracy; "
        "differences are paired over seeds, and none within two standard errors."
        f"\n\n{listed}\n\nWrong labels learned are those that the network gives for its "
        "training examples in the end: by chance, a network that is right about all digits gives "
        "none. Losses are in the order of their accuracy at "
        f"{100 * NOISE[SETTING]:.0f} %; the line in the picture is cross-entropy."
    )


def _picture(results: Mapping[str, Found]) -> bytes:
    """Accuracy of each loss, a panel for each noise."""
    with drawing():
        figure = Figure(figsize=(10, 0.27 * len(results) + 1.1), layout="constrained")
        panels = figure.subplots(1, len(NOISE), sharey=True, squeeze=False)[0]
        for place, (noise, axes) in enumerate(zip(NOISE, panels, strict=True)):
            _panel(axes, results, place)
            axes.set_title(f"{100 * noise:.0f} % wrong labels", loc="left")
            axes.set_xlabel("test accuracy, %")
        return png(figure)


def _panel(axes: Axes, results: Mapping[str, Found], place: int) -> None:
    base = estimate(100 * results["cross-entropy"].test[place])
    axes.axvline(base.mean, color=GROUNDS["light"]["soft"], linewidth=1)
    for height, (name, found) in enumerate(results.items()):
        value = estimate(100 * found.test[place])
        colour = VERMILLION if name == "cross-entropy" else BLUE
        axes.errorbar(
            value.mean, height, xerr=np.nan_to_num(value.error), fmt="o", color=colour, markersize=4
        )
    axes.set_yticks(range(len(results)), list(results))
    axes.set_ylim(len(results) - 0.5, -0.5)
