"""Lines through the arguments of a loss, along which it is drawn: the most telling one there is.

A domain has a line of its own where a person would draw one: the error of a prediction, the logit
of the true class, the angle between two embeddings. All others follow rules: from a perfect
prediction to another one, all logits the right way at once, or else one entry of an ordinary
example. The axis says which.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

from jaxloss.catalogue import Row
from jaxloss.domains import DOMAINS, Arguments, Domain

SIZE = 5
"""Classes, or items, of the examples."""

Positional = tuple[Any, ...]


@dataclass(frozen=True)
class Line:
    """A way through the arguments of a loss.

    Attributes:
        axis: what moves, in words.
        low, high: from where to where.
        call: from an ordinary example and a place on the line to positional arguments.
        item: whose value is shown, if it is that of one that moves; the mean of all if None.
    """

    axis: str
    low: float
    high: float
    call: Callable[[Positional, Array], Positional]
    item: int | None = None


_OTHERS = (1.0, 0.0, -1.0, -2.0)
_LABEL = np.int32(0)
_PROBABILITY = "probability of the true class (others share the rest)"
_LOGIT = "logit of the true class (others at 1, 0, -1, -2)"


def _logits(x: Array) -> Array:
    """Of the true class, the first, and of the others, which differ from each other."""
    return jnp.concatenate([x[None], jnp.asarray(_OTHERS, x.dtype)])


def _flat(x: Array, rest: float | Array) -> Array:
    return jnp.concatenate([x[None], jnp.full(SIZE - 1, rest)])


def _probabilities(x: Array) -> Array:
    return _flat(x, (1 - x) / (SIZE - 1))


def _right() -> Array:
    return jax.nn.one_hot(_LABEL, SIZE)


def _turned(vector: Array, towards: Array, angle: Array) -> Array:
    """A vector of unchanged length at some angle to another, in the plane of both."""
    length = jnp.linalg.norm(vector)
    along = towards / jnp.linalg.norm(towards)
    across = vector - (vector @ along) * along
    across = across / jnp.linalg.norm(across)
    return length * (jnp.cos(angle) * along + jnp.sin(angle) * across)


def _first_turned(drawn: Positional, angle: Array) -> Positional:
    x, y, *rest = drawn
    return (jnp.asarray(x).at[0].set(_turned(x[0], y[0], angle)), y, *rest)


def _between(start: Array, end: Array, t: Array) -> Array:
    return (1 - t) * start + t * end


def _item_between(drawn: Positional, t: Array) -> Positional:
    """The first item on its way from one of its label to one of another."""
    items, labels, *rest = drawn
    others = np.arange(1, len(labels))
    mate = others[labels[1:] == labels[0]][0]
    stranger = others[labels[1:] != labels[0]][0]
    moved = _between(items[mate], items[stranger], t)
    return (jnp.asarray(items).at[0].set(moved), labels, *rest)


def _item_to_another(drawn: Positional, t: Array) -> Positional:
    items, *rest = drawn
    return (jnp.asarray(items).at[0].set(_between(items[0], items[1], t)), *rest)


def _anchor_between(drawn: Positional, t: Array) -> Positional:
    _, positive, negative = drawn
    return _between(positive, negative, t), positive, negative


def _embedding_turned(drawn: Positional, angle: Array) -> Positional:
    """From the proxy of its class; of several, from the first."""
    embedding, proxies, label = drawn
    proxy = np.reshape(proxies[label], (-1, proxies.shape[-1]))[0]
    return _turned(embedding, proxy, angle), proxies, label


def _first_embedding_turned(drawn: Positional, angle: Array) -> Positional:
    embeddings, proxies, labels = drawn
    moved = _turned(embeddings[0], proxies[labels[0]], angle)
    return jnp.asarray(embeddings).at[0].set(moved), proxies, labels


def _view_turned(drawn: Positional, angle: Array) -> Positional:
    (views,) = drawn
    return (jnp.asarray(views).at[0, 0].set(_turned(views[0, 0], views[0, 1], angle)),)


def _mixed(drawn: Positional, t: Array) -> Positional:
    features = jnp.asarray(drawn[0])
    return (features.at[:, 0].add(t * features[:, 1]), *drawn[1:])


def _alignment(drawn: Positional, t: Array) -> Positional:
    """Scores for the labels in every other frame, with blanks before, between and behind."""
    scores, labels = drawn
    right = np.zeros(scores.shape[0], np.int32)
    right[1 : 2 * len(labels) : 2] = labels
    return t * jax.nn.one_hot(right, scores.shape[-1]), labels


def _staircase(drawn: Positional, t: Array) -> Positional:
    """Scores for a way through the lattice that moves on in time before each label."""
    scores, labels = drawn
    time, places = np.indices(scores.shape[:2])
    following = np.append(labels, 0)[places]
    return t * jax.nn.one_hot(np.where(time > places, following, 0), scores.shape[-1]), labels


def _along_column(drawn: Positional, t: Array) -> Positional:
    _, kernel, label = drawn
    column = kernel[:, label]
    return t * column / np.linalg.norm(column), kernel, label


def _noise(drawn: Positional, t: Array) -> Positional:
    x, noise, *rest = drawn
    return (x, x + t * noise, *rest)


_HALF_TURN = (0.01, np.pi - 0.01)
"""Angles, without the ends, where a vector lies on another and has no direction to turn in."""
_PROXY = "angle of the embedding to the proxy of its class, radians"
_PARTNERS = Line("angle of x[0] to its partner y[0], radians", *_HALF_TURN, _first_turned, item=0)
_ITEM = Line(
    "item 0 on its way from one of its label (0) to one of another (1)",
    -0.5,
    1.5,
    _item_between,
    item=0,
)
_TAUGHT = Line(
    "t: the student's logits are t times the teacher's",
    -2,
    4,
    lambda drawn, t: (t * drawn[1], *drawn[1:]),
)
_VIEWS = Line("noise in the second view: y = x + t * noise", -2, 2, _noise)
_MIXTURE = Line("share of feature 1 that is added to feature 0", -3, 3, _mixed)

LINES: Mapping[str, Line] = {
    # Not at target 0, where relative errors have no meaning.
    "reals": Line("error: pred - target (target at 1)", -5, 5, lambda _, x: (1 + x, jnp.ones(()))),
    "counted_errors": Line("error: pred - target", -3, 3, lambda _, x: (1 + x, jnp.ones(()))),
    "unit": Line("pred (target at 0.5)", 0, 1, lambda _, x: (x, jnp.full((), 0.5))),
    "positives": Line("pred (target at 1)", 0.05, 4, lambda _, x: (x, jnp.ones(()))),
    "logits_bits": Line("logit of a positive (target 1)", -5, 5, lambda _, x: (x, jnp.ones(()))),
    "logits_degrees": Line("logit (target 0.7)", -5, 5, lambda _, x: (x, jnp.full((), 0.7))),
    "logits_signs": Line("margin: target * logit", -3, 3, lambda _, x: (x, jnp.ones(()))),
    "probabilities_bits": Line(
        "probability of a positive (target 1)", 0.01, 1, lambda _, x: (x, jnp.ones(()))
    ),
    "logits_labels": Line(_LOGIT, -6, 8, lambda _, x: (_logits(x), _LABEL)),
    "logits_labels_rivals": Line(
        "logit of the true class (the rival at 1, others at 0, -1, -2)",
        -6,
        8,
        lambda _, x: (_logits(x), _LABEL, np.int32(1)),
    ),
    "logits_labels_costs": Line(
        "logit of the true class (others at 1, 0, -1, -2, each costs 1)",
        -6,
        8,
        lambda _, x: (_logits(x), _LABEL, 1 - jnp.eye(SIZE)),
    ),
    "logits_labels_features": Line(
        _LOGIT, -6, 8, lambda drawn, x: (_logits(x), _LABEL, *drawn[2:])
    ),
    "skewed_labels": Line(_LOGIT, -6, 8, lambda _, x: (_logits(x), _LABEL)),
    "logits_distributions": Line(_LOGIT, -6, 8, lambda _, x: (_logits(x), _right())),
    "skewed_distributions": Line(_LOGIT, -6, 8, lambda _, x: (_logits(x), _right())),
    "probabilities_labels": Line(
        _PROBABILITY, 0.01, 0.99, lambda _, x: (_probabilities(x), _LABEL)
    ),
    "probabilities_distributions": Line(
        _PROBABILITY, 0.01, 0.99, lambda _, x: (_probabilities(x), _right())
    ),
    "log_probabilities_labels": Line(
        "log-probability of the true class", -6, 0, lambda _, x: (_flat(x, 0.0), _LABEL)
    ),
    "views_labels": Line(
        "logit of the true class in the first of 3 views (at 2 in the others)",
        -6,
        8,
        lambda _, x: (jnp.stack([_flat(x, 0), *[_flat(jnp.full_like(x, 2), 0)] * 2]), _LABEL),
    ),
    "scores_costs_labels": Line(
        "score of the true class (the others at 1, 0, -1, -2, each costs 1)",
        -6,
        8,
        lambda _, x: (_logits(x), 1 - _right(), _LABEL),
    ),
    "head_tails_labels": Line(
        "logit of the true class, in the head (the others at 0; two tails)",
        -6,
        8,
        lambda drawn, x: (_flat(x, 0.0), drawn[1], _LABEL),
    ),
    "distances_signs": Line(
        "distance of a pair unlike (target -1)", 0, 3, lambda _, x: (x, -jnp.ones(()))
    ),
    "pairs_signs": Line("x - y (target 1)", -3, 3, lambda _, x: (x, jnp.zeros(()), jnp.ones(()))),
    "vectors_signs": Line(
        "angle between a pair unlike (target -1), radians",
        *_HALF_TURN,
        lambda _, x: (jnp.stack([jnp.cos(x), jnp.sin(x)]), jnp.eye(2)[0], -jnp.ones(())),
    ),
    "bins_positions": Line(
        "sharpness t of logits -t * |bin - target|",
        -2,
        6,
        lambda drawn, t: (-t * jnp.abs(jnp.arange(SIZE) - drawn[1]), drawn[1]),
    ),
    "ensembles": Line(
        "shift of the whole ensemble from the target",
        -8,
        8,
        lambda drawn, x: (drawn[0] - drawn[0].mean() + drawn[1] + x, drawn[1]),
    ),
    "samples": Line(
        "shift of the sample x along its axis", -6, 8, lambda drawn, t: (drawn[0] + t, drawn[1])
    ),
    "vector_samples": Line(
        "shift of the sample x along every axis", -6, 8, lambda drawn, t: (drawn[0] + t, drawn[1])
    ),
    "partners": _PARTNERS,
    "moderate_partners": _PARTNERS,
    "predictions_projections": Line(
        "angle of the prediction to the target, radians",
        *_HALF_TURN,
        lambda drawn, x: (_turned(drawn[0], drawn[1], x), drawn[1]),
    ),
    "views_covariance": Line(
        "angle of x to its partner y, radians",
        *_HALF_TURN,
        lambda drawn, x: (_turned(drawn[0], drawn[1], x), *drawn[1:]),
    ),
    "many_views": Line(
        "angle of one view to another of the same item, radians", *_HALF_TURN, _view_turned
    ),
    "labelled_items": _ITEM,
    "labelled_sets": _ITEM,
    "items": Line(
        "item 0 on its way from its place (0) to item 1 (1)", -0.5, 1.5, _item_to_another, item=0
    ),
    "triplets": Line(
        "anchor on its way from the positive (0) to the negative (1)", -0.5, 1.5, _anchor_between
    ),
    "embeddings_proxies": Line(_PROXY, *_HALF_TURN, _embedding_turned),
    "embeddings_centers": Line(_PROXY, *_HALF_TURN, _embedding_turned),
    "sets_proxies": Line(
        "angle of embedding 0 to the proxy of its class, radians",
        *_HALF_TURN,
        _first_embedding_turned,
    ),
    "scores_taught": _TAUGHT,
    "patches_taught": _TAUGHT,
    "masks_distances": Line(
        "logit of pixels inside (outside: minus as much)",
        -6,
        6,
        lambda drawn, t: (-t * np.sign(drawn[1]), *drawn[1:]),
    ),
    # Farther below, some shapes forbid it.
    "peaks": Line("target (location 0, scale 1)", -0.9, 5, lambda _, x: (0 * x, 0 * x, x)),
    "normals_of_factors": Line(
        "first mean (the other at 0, both of unit covariance)",
        -3,
        3,
        lambda _, x: (x * jnp.eye(3)[0], jnp.eye(3), jnp.zeros(3), jnp.eye(3)),
    ),
    "survival": Line(
        "t: the log-hazards are -t times the times",
        -3,
        5,
        lambda drawn, t: (-t * drawn[1], *drawn[1:]),
    ),
    "lattice_moves": Line(
        "log-probability of the blank at the first node",
        -6,
        0,
        lambda drawn, x: (jnp.asarray(drawn[0]).at[0, 0].set(x), drawn[1]),
    ),
    "views": _VIEWS,
    "wide_views": _VIEWS,
    "features": _MIXTURE,
    "wide_features": _MIXTURE,
    "frames_labels": Line(
        "logit of the right label or blank in each frame (others at 0)", -4, 6, _alignment
    ),
    "lattices_labels": Line(
        "logit of the right label or blank at each node (others at 0)", -4, 6, _staircase
    ),
    "features_kernel_labels": Line(
        "length of the features along the kernel of the true class", -4, 4, _along_column
    ),
}
"""Lines by what a loss reads; the first domain of a loss that is here wins."""


def line_of(row: Row) -> tuple[Line, Arguments]:
    """The line along which a loss is drawn, and the ordinary example that it passes through.

    Args:
        row: of the catalogue.
    """
    name = next((name for name in row.reads if name in LINES), row.reads[0])
    domain = DOMAINS[name]
    drawn = domain.draw(np.random.default_rng(0), (), SIZE)
    options = {name: value for name, value in drawn.options.items() if row.accepts(name)}
    drawn = Arguments(drawn.positional, options)
    line = LINES.get(name) or _to_perfect(domain, drawn) or _all_logits(domain, drawn)
    return line or _one_entry(row, domain, drawn), drawn


def _to_perfect(domain: Domain, drawn: Arguments) -> Line | None:
    """Between a perfect prediction and the drawn one, where the domain knows one."""
    if domain.perfect is None:
        return None
    best = domain.perfect(drawn).positional
    moving = {
        place: (np.asarray(best[place]), np.asarray(drawn.positional[place]))
        for place in domain.floating
        if np.shape(best[place]) == np.shape(drawn.positional[place])
        and not np.array_equal(best[place], drawn.positional[place])
    }
    # Of certain logits there is no way to draw.
    if not moving or any(np.abs(end).max() > 100 for end, _ in moving.values()):
        return None
    # Numbers of both signs may go on behind both ends; others might leave what is valid.
    free = all(end.min() < 0 < end.max() for end, _ in moving.values())

    def call(positional: Positional, t: Array) -> Positional:
        moved = {place: end + t * (other - end) for place, (end, other) in moving.items()}
        return tuple(moved.get(place, given) for place, given in enumerate(positional))

    names = " and ".join(domain.arguments[place] for place in moving)
    axis = f"{names} on the way from perfect (0) to another one (1)"
    return Line(axis, -1.5 if free else 0, 1.5 if free else 1, call)


def _all_logits(domain: Domain, drawn: Arguments) -> Line | None:
    """All logits the right way at once: one number says how sure and how right they are."""
    if domain.arguments[0] not in ("logits", "scores") or len(drawn.positional) < 2:
        return None
    logits, target = np.asarray(drawn.positional[0]), np.asarray(drawn.positional[1])
    if target.shape == logits.shape and set(np.unique(target)) == {0, 1}:
        ways = 2 * target - 1
        axis = "logit of positives (negatives: minus as much)"
    elif target.dtype.kind == "i" and target.shape == logits.shape[:-1]:
        ways = np.eye(logits.shape[-1], dtype=np.float32)[target]
        axis = "logit of the true class at each place (others at 0)"
    else:
        return None
    return Line(axis, -6, 6, lambda positional, t: (t * ways, *positional[1:]))


def _one_entry(row: Row, domain: Domain, drawn: Arguments) -> Line:
    """The entry of an ordinary example that the loss depends on most."""
    place = domain.floating[0]
    start = jnp.asarray(drawn.positional[place])

    def value(argument: Array) -> Array:
        positional = (*drawn.positional[:place], argument, *drawn.positional[place + 1 :])
        return row.loss(*positional, **drawn.options).mean()

    slopes = np.nan_to_num(np.abs(jax.jit(jax.grad(value))(start)))
    index = tuple(int(i) for i in np.unravel_index(slopes.argmax(), start.shape))

    def call(positional: Positional, x: Array) -> Positional:
        moved = start.at[index].set(x)
        return (*positional[:place], moved, *positional[place + 1 :])

    entry = f"{domain.arguments[place]}[{', '.join(map(str, index))}]"
    least, most = float(start.min()), float(start.max())
    low, high = (
        (-6.0, 0.0)
        if most <= 0
        else (-5.0, 5.0)
        if least < 0
        else (0.02, 0.98)
        if most <= 1
        else (0.05, 4.0)
    )
    alone = int(slopes.argmax()) if row.gives == "element" else None
    return Line(f"{entry} (all else as in an ordinary example)", low, high, call, alone)
