"""Vessels of the retina, found by a small U-Net that one loss or another has trained.

There are no masks by experts in a package: the truth is what a ridge filter sees in the clean
picture, while the network is given a blurred and noisy one, of which it learns from few patches.
"""

import functools
import importlib.util
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
import optax
from jax import Array, lax
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from numpy.typing import NDArray
from scipy import ndimage

import jaxloss as jl
from benchmarks.studies import Study, estimate
from jaxloss.analysis.plots import SKY, VERMILLION, drawing, png
from jaxloss.lab.errors import LabError

Params = dict[str, dict[str, Array]]
Images = NDArray[Any]
Bits = NDArray[np.bool_]

PATCH = 64
LEAST = 0.02
"""Patches with a smaller share of vessels say little about boundaries, and take no part."""
BLUR, NOISE = 1.0, 0.7
"""Of the picture: a Gaussian in pixels, and a deviation in those of the picture itself."""
RATES = (3e-3, 1e-2, 3e-2)
TUNING_SEEDS = 2
BOUNDARY = 0.1
"""Weight that the boundary loss, in pixels, rises to from 0 in the course of training."""
TERMS = ("cross-entropy", "Dice", "Tversky", "boundary", "unified focal")
METHODS: Mapping[str, tuple[str, ...]] = {
    "cross-entropy": ("cross-entropy",),
    "Dice": ("Dice",),
    "Tversky": ("Tversky",),
    "boundary": ("boundary",),
    "unified focal": ("unified focal",),
    "cross-entropy + Dice": ("cross-entropy", "Dice"),
    "Dice + boundary": ("Dice", "boundary"),
    "cross-entropy + Dice + boundary": ("cross-entropy", "Dice", "boundary"),
}


class Size(NamedTuple):
    """How much work a study is."""

    seeds: int
    channels: int
    updates: int
    batch: int
    train: int
    validate: int


class Patches(NamedTuple):
    """Squares of one picture that share no pixel, shape `patches height width`.

    Attributes:
        seen: blurred, without noise as yet, standardised.
        truth: which pixels are vessels.
        distances: from the boundary of the truth.
    """

    seen: Images
    truth: Images
    distances: Images


class Scores(NamedTuple):
    """What masks are judged by, one value for each patch; distances in pixels.

    Attributes:
        dice: overlap, from 0 to 1.
        surface: mean distance between the two boundaries.
        hausdorff: the distance that 95 % of the boundaries stay within.
    """

    dice: Images
    surface: Images
    hausdorff: Images


FIELDS = Scores._fields


def patches() -> Patches:
    """The retina of scikit-image in squares, of which those with vessels are kept."""
    parts = ("data", "filters", "morphology")
    data, filters, morphology = (importlib.import_module(f"skimage.{part}") for part in parts)

    picture = data.retina()[:1410, :1410].astype(np.float32) / 255
    picture = picture.reshape(705, 2, 705, 2, 3).mean((1, 3))
    red, green = picture[..., 0], picture[..., 1]
    # The rim of the disc is a ridge, too, and the brightest of all.
    bright = np.asarray(ndimage.gaussian_filter(red, 1)) > 0.16
    inside = np.asarray(ndimage.binary_erosion(bright, iterations=13), np.bool_)
    widths: Any = (1.0, 1.5, 2.25)
    ridges = np.where(inside, filters.sato(green, sigmas=widths), 0)
    low, high = np.quantile(ridges[inside], (0.88, 0.95))
    truth = filters.apply_hysteresis_threshold(ridges, low, high)
    truth = morphology.remove_small_objects(truth, max_size=100)
    seen = np.asarray(ndimage.gaussian_filter(green, BLUR))
    seen = (seen - seen[inside].mean()) / seen[inside].std()
    squares = [
        array[top : top + PATCH, left : left + PATCH]
        for array in (seen, truth, inside)
        for top in range(0, 705 - PATCH, PATCH)
        for left in range(0, 705 - PATCH, PATCH)
    ]
    stacked = np.stack(squares).reshape(3, -1, PATCH, PATCH)
    kept = (stacked[2].mean((1, 2)) == 1) & (stacked[1].mean((1, 2)) >= LEAST)
    bits = stacked[1][kept] > 0
    return Patches(
        stacked[0][kept].astype(np.float32), bits, np.asarray(jl.boundary.signed_distance(bits))
    )


def initial(rng: np.random.Generator, channels: int) -> Params:
    """Parameters of a U-Net with two levels below the first."""
    c = channels
    blocks = {
        "down 0": (1, c),
        "down 1": (c, 2 * c),
        "bottom": (2 * c, 4 * c),
        "up 1": (6 * c, 2 * c),
        "up 0": (3 * c, c),
    }

    def layer(inputs: int, outputs: int) -> dict[str, Array]:
        kernel = rng.standard_normal((3, 3, inputs, outputs)) * np.sqrt(2 / (9 * inputs))
        return {"kernel": jnp.asarray(kernel, jnp.float32), "bias": jnp.zeros(outputs)}

    params = {"out": layer(c, 1)}
    for name, (inputs, outputs) in blocks.items():
        params[f"{name} a"] = layer(inputs, outputs)
        params[f"{name} b"] = layer(outputs, outputs)
    return params


def logits(params: Params, images: Array) -> Array:
    """Log-odds of a vessel at each pixel of images `batch height width`."""

    def convolve(name: str, x: Array) -> Array:
        layer = params[name]
        dims = ("NHWC", "HWIO", "NHWC")
        y = lax.conv_general_dilated(x, layer["kernel"], (1, 1), "SAME", dimension_numbers=dims)
        return y + layer["bias"]

    def block(name: str, x: Array) -> Array:
        for part in ("a", "b"):
            x = jax.nn.relu(convolve(f"{name} {part}", x))
        return x

    def halved(x: Array) -> Array:
        batch, height, width, channels = x.shape
        return x.reshape(batch, height // 2, 2, width // 2, 2, channels).max((2, 4))

    def doubled(x: Array) -> Array:
        return x.repeat(2, axis=1).repeat(2, axis=2)

    fine = block("down 0", images[..., None])
    middle = block("down 1", halved(fine))
    coarse = block("bottom", halved(middle))
    middle = block("up 1", jnp.concatenate([middle, doubled(coarse)], axis=-1))
    fine = block("up 0", jnp.concatenate([fine, doubled(middle)], axis=-1))
    return convolve("out", fine)[..., 0]


def terms(params: Params, batch: Patches) -> dict[str, Array]:
    """All losses that are compared; a training gives most of them the weight 0."""
    maps = logits(params, jnp.asarray(batch.seen))
    truth = jnp.asarray(batch.truth, maps.dtype)
    z, bits, distances = (x.reshape(len(maps), -1) for x in (maps, truth, batch.distances))
    values = (
        jl.classification.sigmoid_cross_entropy(z, bits),
        jl.segmentation.dice(z, bits),
        jl.segmentation.tversky(z, bits),
        jl.boundary.boundary(z, distances),
        jl.compound.unified_focal(z, bits),
    )
    return {name: jl.mean(value) for name, value in zip(TERMS, values, strict=True)}


@functools.cache
def _update() -> tuple[optax.GradientTransformation, Any]:
    """The optimizer, and one step of it: one program for all methods, since weights are traced."""
    objective = jl.objective(terms)
    optimizer = optax.chain(optax.clip_by_global_norm(1.0), optax.scale_by_adam())

    @jax.jit
    def update(params: Params, state: Any, batch: Patches, weights: Any, rate: Array) -> Any:
        grads, _ = jax.grad(objective, has_aux=True)(params, batch, weights=weights)
        updates, state = optimizer.update(grads, state)
        return jax.tree.map(lambda p, u: p - rate * u, params, updates), state

    return optimizer, update


def trained(method: Sequence[str], rate: float, learn: Patches, seed: int, size: Size) -> Params:
    """Parameters after training with Adam on patches turned, mirrored, and under new noise.

    Args:
        method: terms of the loss.
        rate: learning rate at the start, from where it falls to 0.
        learn: patches to learn from.
        seed: of initial parameters and batches.
        size: how long.
    """
    rng = np.random.default_rng(seed)
    optimizer, update = _update()
    params = initial(rng, size.channels)
    state = optimizer.init(params)
    # A loop in Python: XLA's convolutions on CPU are several times slower inside of a scan.
    for step in range(size.updates):
        rows = rng.choice(len(learn.seen), size.batch, replace=False)
        turns, mirror = int(rng.integers(4)), int(rng.choice((-1, 1)))
        batch = Patches(*(np.rot90(a[rows], turns, (1, 2))[..., ::mirror] for a in learn))
        batch = batch._replace(seen=noisy(batch.seen, rng))
        done = step / size.updates
        weights = {name: float(name in method) for name in TERMS}
        weights["boundary"] *= BOUNDARY * done
        cosine = 0.5 * (1 + np.cos(np.pi * done))
        params, state = update(params, state, batch, weights, rate * cosine)
    return params


def noisy(seen: Images, rng: np.random.Generator) -> Images:
    """Images with the noise of a bad camera."""
    return seen + NOISE * rng.standard_normal(seen.shape, np.float32)


def scores(found: Bits, truth: Bits) -> Scores:
    """Judge masks `patches height width`; one without a pixel is as far off as a patch is wide."""
    each = [_judged(*pair) for pair in zip(found, truth, strict=True)]
    return Scores(*np.array(each).T)


def _judged(found: Bits, truth: Bits) -> tuple[float, float, float]:
    overlap = 2 * np.sum(found & truth) / (np.sum(found) + np.sum(truth))
    if not found.any():
        return float(overlap), float(PATCH), float(PATCH)
    edges = [_boundary(mask) for mask in (found, truth)]
    maps = [np.asarray(ndimage.distance_transform_edt(~edge)) for edge in edges]
    apart = np.concatenate([maps[1][edges[0]], maps[0][edges[1]]])
    return float(overlap), float(apart.mean()), float(np.percentile(apart, 95))


def _boundary(mask: Bits) -> Bits:
    """Pixels of a mask that touch others; all of it where it is all of its patch."""
    edge = mask & ~np.asarray(ndimage.binary_erosion(mask, border_value=1), np.bool_)
    return edge if edge.any() else mask


class Trial(NamedTuple):
    """What became of one training."""

    validation: float
    test: Scores
    masks: Bits


def run(*, seeds: int = 5, quick: bool = False) -> Study:
    """Train with each loss, choose its learning rate on validation data, compare on test data.

    Args:
        seeds: of each loss: initial parameters, batches, noise, and which patches are for what.
        quick: tiny sizes, to try it out.
    """
    if importlib.util.find_spec("skimage") is None:
        raise LabError("this study needs scikit-image: pip install 'jaxloss[bench]'")
    size = Size(min(seeds, 2), 2, 4, 2, 4, 4) if quick else Size(seeds, 4, 400, 4, 16, 12)
    everything = patches()
    predict = jax.jit(logits)

    def part(seed: int) -> tuple[Patches, Patches, Patches]:
        order = np.random.default_rng(seed).permutation(len(everything.seen))
        ends = (size.train, size.train + size.validate)
        learn, validate, test = (
            Patches(*(array[rows] for array in everything)) for rows in np.split(order, ends)
        )
        rng = np.random.default_rng((seed, 1))
        validate, test = (one._replace(seen=noisy(one.seen, rng)) for one in (validate, test))
        return learn, validate, test

    def trial(method: Sequence[str], rate: float, seed: int) -> Trial:
        learn, validate, test = part(seed)
        params = trained(method, rate, learn, seed, size)
        found = [np.asarray(predict(params, one.seen)) > 0 for one in (validate, test)]
        overlap = scores(found[0], validate.truth).dice.mean()
        return Trial(float(overlap), scores(found[1], test.truth), found[1])

    results: dict[str, list[Trial]] = {}
    rates: dict[str, float] = {}
    for name, method in METHODS.items():
        tuning = {
            rate: [trial(method, rate, seed) for seed in range(min(TUNING_SEEDS, size.seeds))]
            for rate in RATES
        }
        best = max(RATES, key=lambda rate: np.mean([one.validation for one in tuning[rate]]))
        more = (trial(method, best, seed) for seed in range(TUNING_SEEDS, size.seeds))
        results[name], rates[name] = [*tuning[best], *more], best
    means = {
        name: Scores(*(np.array([getattr(one.test, f).mean() for one in all_of]) for f in FIELDS))
        for name, all_of in results.items()
    }
    first = part(0)[2]
    return Study(
        title="Vessels of the retina by a small U-Net",
        rows=[_row(name, found) for name, found in means.items()],
        text=_words(means, size, len(first.seen), float(everything.truth.mean())),
        pictures={"segmentation": _picture(first, {n: all_of[0] for n, all_of in results.items()})},
        settings={**size._asdict(), "rates": rates, "noise": NOISE, "boundary weight": BOUNDARY},
    )


def _row(name: str, found: Scores) -> dict[str, Any]:
    return {
        "loss": name,
        "Dice, %": estimate(100 * found.dice),
        "mean surface distance, pixels": estimate(found.surface),
        "95 % Hausdorff distance, pixels": estimate(found.hausdorff),
    }


def _words(means: Mapping[str, Scores], size: Size, test: int, share: float) -> str:
    base = means["cross-entropy"]
    said: list[str] = []
    for field, unit, sign in (("dice", " points of Dice", 100), ("hausdorff", " pixels", -1)):
        better, worse, alike = list[str](), list[str](), list[str]()
        for name, found in means.items():
            if name != "cross-entropy":
                lead = estimate(sign * (getattr(found, field) - getattr(base, field)))
                sure = size.seeds > 1 and abs(lead.mean) > 2 * lead.error
                place = alike if not sure else better if lead.mean > 0 else worse
                place.append(f"{name} ({lead.mean:+.1f} ± {lead.error:.1f}{unit})")
        what = "overlap" if field == "dice" else "the 95 % Hausdorff distance"
        for verdict, names in (("better", better), ("worse", worse), ("no different", alike)):
            if names:
                said.append(f"- In {what}, {verdict} than cross-entropy: {', '.join(names)}.")
    verdicts = "\n".join(said)
    return (
        "The picture is the fundus photograph in scikit-image's wheel, whose green channel is cut "
        f"into squares of {PATCH} x {PATCH} pixels; those with at least {100 * LEAST:g} % of "
        f"vessels take part, in which {100 * share:.0f} % of the pixels are vessels. No expert "
        "has drawn masks for it: the truth is what a ridge filter (Sato et al. 1998) finds in the "
        "clean picture, thresholded with hysteresis, without specks. The network is given the "
        f"picture blurred ({BLUR:g} pixel) and under noise ({NOISE:g} of its deviation), stronger "
        "than small vessels are, so that results say how well a loss teaches from few "
        "noisy examples, and nothing of medicine.\n\n"
        f"A U-Net of {size.channels} channels learns from {size.train} patches in {size.updates} "
        f"updates of {size.batch}, turned and mirrored, with each of {len(RATES)} learning rates "
        f"on {TUNING_SEEDS} seeds; the rate with the best overlap on {size.validate} other patches "
        f"is judged on {test} test patches. The boundary loss has the weight {BOUNDARY:g} at last, "
        "rising from 0, and every other term 1. Masks are cut at a probability of 1/2. An empty "
        f"one is {PATCH} pixels off. Means over {size.seeds} seeds and their standard errors; "
        "differences are paired over seeds, positive for better, and none within two standard "
        "errors.\n\n"
        "A network first has to leave masks that are all background or all vessel, and some seeds "
        "of some losses take most of the budget for it. A mean Dice of 0 % is that of empty masks; "
        f"{200 * share / (1 + share):.0f} % or so, of masks that are all vessel.\n\n"
        f"{verdicts}\n\n"
        "In the picture, what is right is grey, what is missed orange, what is too much blue."
    )


def _picture(test: Patches, trials: Mapping[str, Trial]) -> bytes:
    """Three patches: what the network is given, the truth, and the masks of the losses."""
    shown = np.argsort(-test.truth.mean((1, 2)))[:: max(1, len(test.seen) // 3)][:3]
    names = ("input", "truth", *trials)
    with drawing():
        figure = Figure(figsize=(1.22 * len(names), 1.22 * len(shown) + 0.5), layout="constrained")
        grid = figure.subplots(len(shown), len(names), squeeze=False)
        for name, axes in zip(names, grid[0], strict=True):
            title = name.replace(" + ", "\n+ ")
            axes.set_title(title, fontsize=8.5, loc="center", weight="normal")
        for line, patch in zip(grid, shown, strict=True):
            truth = test.truth[patch]
            images = [test.seen[patch], _coloured(truth, truth)]
            images += [_coloured(one.masks[patch], truth) for one in trials.values()]
            for axes, image in zip(line, images, strict=True):
                axes.imshow(image, cmap="gray", interpolation="nearest")
                axes.set_xticks([])
                axes.set_yticks([])
                axes.grid(visible=False)
        return png(figure)


def _coloured(found: Bits, truth: Bits) -> Images:
    image = np.full((*truth.shape, 3), to_rgb("#15181c"))
    for place, colour in (
        (found & truth, "#c9ccd1"),
        (truth & ~found, VERMILLION),
        (found & ~truth, SKY),
    ):
        image[place] = to_rgb(colour)
    return image
