"""What losses of language models read: tokens with labels, candidates, routers."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jaxloss.domains.base import (
    Arguments,
    Domain,
    Generator,
    bits,
    fixed,
    floats,
    labels,
    normal,
    positive,
)

_CLASSES, _HEADS = 4, 2
_NAN = np.float32(np.nan)
_DRIFT = floats(np.sin(np.arange(24)).reshape(2, 3, 4))
_HUGE = floats(1e4 * np.sign(_DRIFT))
_LABELS = np.array([[1, 3, 0], [2, 2, 1]], np.int32)
_SOME = np.array([[True, False, True], [False, True, True]])
_LAST_OUT = floats(np.array([0, 0, 0, -np.inf]))


def _rows(heads: int = 0) -> dict[str, NDArray[np.float32]]:
    """Edges of the scores of four classes, for two sequences of three tokens."""
    edges = {
        "tied scores": 0 * _DRIFT,
        "huge scores": _HUGE,
        "huge reversed scores": -_HUGE,
        "a class masked by -inf": _DRIFT + _LAST_OUT,
        "all classes masked by -inf": _DRIFT - np.float32(np.inf),
    }
    if heads:
        edges = {name: np.stack([x] * heads, axis=-2) for name, x in edges.items()}
    return edges


def _labelled(heads: int = 0) -> dict[str, Callable[[Generator], Arguments]]:
    rows = _rows(heads)
    flat = rows["tied scores"]
    kept = _SOME.reshape(*_SOME.shape, *(1,) * (flat.ndim - 2))
    padded, unknown = np.where(kept, flat, _NAN), np.where(_SOME, _LABELS, -100)
    return {name: fixed(x, _LABELS) for name, x in rows.items()} | {
        "padding": fixed(padded, unknown, where=_SOME),
        "all padding": fixed(padded * _NAN, unknown * 0 - 100, where=_SOME & False),
        "one token": fixed(flat[:, :1], _LABELS[:, :1]),
    }


def _tokens(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    shape = (*batch, size)
    return Arguments((normal(rng, (*shape, _CLASSES)), labels(rng, shape, _CLASSES)))


def _of_heads(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    shape = (*batch, size)
    return Arguments((normal(rng, (*shape, _HEADS, _CLASSES)), labels(rng, shape, _CLASSES)))


def _unwanted(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    return Arguments((normal(rng, (*batch, size)), bits(rng, (*batch, size))))


def _replaced(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    shape = (*batch, size)
    return Arguments((normal(rng, shape), labels(rng, shape, 2), labels(rng, shape, 2)))


def _sampled(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    shape = (*batch, size)
    return Arguments((-positive(rng, shape), normal(rng, shape), normal(rng, shape)))


def _candidates(rng: Generator, batch: tuple[int, ...], size: int) -> Arguments:
    shape = (*batch, size)
    return Arguments((-positive(rng, shape), positive(rng, shape)))


_FLAT, _HIGH = _DRIFT[:, 0], _HUGE[:, 0]
_FIRST = floats(np.array([[1, 0, 0, 0], [1, 0, 0, 0]]))
_ONES = np.ones_like(_FIRST)
_ONE_LEFT = floats(np.array([[0, -np.inf, -np.inf, -np.inf]] * 2))
_GONE = np.full_like(_FIRST, -np.inf)
_COSTS = floats(np.array([[0, 1, 2, 5], [3, 3, 3, 3]]))
_TOKENS = np.array([[1, 2, 3, 4], [4, 3, 2, 1]], np.int32)
_HIDDEN = _DRIFT[..., :3]


def _with(x: NDArray[np.float32], **options: Any) -> Callable[[Generator], Arguments]:
    return fixed(x, **options)


DOMAINS: Mapping[str, Domain] = {
    # Each token has a value of its own, where a property of labels looks for one of a sequence.
    "tokens_labels": Domain(("logits", "labels"), _tokens, _labelled()),
    "heads_labels": Domain(
        ("logits", "labels"), _of_heads, _labelled(_HEADS), consumed=2, lone=False
    ),
    "class_scores": Domain(
        ("logits",),
        lambda rng, batch, size: Arguments((normal(rng, (*batch, size)),)),
        {name: fixed(x[:, 0]) for name, x in _rows().items()},
    ),
    "logits_unwanted": Domain(
        ("logits", "unwanted"),
        _unwanted,
        {
            "nothing unwanted": fixed(_FLAT, 0 * _ONES),
            "all unwanted": fixed(_FLAT, _ONES),
            "tied scores": fixed(0 * _FLAT, _FIRST),
            "huge and unwanted": fixed(_HIGH, _ONES),
            "huge reversed": fixed(-_HIGH, _FIRST),
            "certain and unwanted": fixed(1e4 * _FIRST, _FIRST),
            "certain and not unwanted": fixed(1e4 * _FIRST, 1 - _FIRST),
            "one class left, unwanted": fixed(_ONE_LEFT, _FIRST),
            "one class left, others unwanted": fixed(_ONE_LEFT, 1 - _FIRST),
            "all classes masked by -inf": fixed(_GONE, _FIRST),
        },
    ),
    "bits_tokens": Domain(
        ("logits", "corrupted", "original"),
        _replaced,
        {
            "zero": fixed(0 * _FLAT, _TOKENS, _TOKENS[::-1]),
            "huge": fixed(_HIGH, _TOKENS, _TOKENS[::-1]),
            "nothing replaced": fixed(_FLAT, _TOKENS, _TOKENS),
        },
    ),
    "hidden_tokens": Domain(
        ("hidden",),
        lambda rng, batch, size: Arguments((normal(rng, (*batch, size, 3)),)),
        {
            "zero vectors": _with(0 * _HIDDEN),
            "one zero vector": _with(_HIDDEN * floats(np.array([[0], [1], [1]]))),
            "identical": _with(0 * _HIDDEN + 1),
            "huge": _with(_HUGE[..., :3]),
            "one token": _with(_HIDDEN[:, :1]),
            "padding": _with(np.where(_SOME[..., None], _HIDDEN, _NAN), where=_SOME),
            "all padding": _with(_HIDDEN * _NAN, where=_SOME & False),
        },
        lone=False,
    ),
    "sampled_rewards": Domain(
        ("log_p", "reward", "baseline"),
        _sampled,
        {
            "no better": fixed(-_ONES, _COSTS, _COSTS),
            "unlikely": fixed(-1e4 * _ONES, _COSTS, 0 * _COSTS),
            "certain": fixed(0 * _ONES, _COSTS, 0 * _COSTS),
        },
    ),
    "candidates": Domain(
        ("log_p", "cost"),
        _candidates,
        {
            "equally likely": fixed(-_ONES, _COSTS),
            "far apart": fixed(_HIGH, _COSTS),
            "huge costs": fixed(_FLAT, 1e4 * _COSTS),
            "some impossible": fixed(_ONE_LEFT, _COSTS),
            "all impossible": fixed(_GONE, _COSTS),
            "one candidate": fixed(_FLAT[:, :1], _COSTS[:, :1]),
            "no candidate": fixed(_FLAT[:, :0], _COSTS[:, :0]),
            "all left out": fixed(_FLAT, _COSTS, where=np.zeros((2, 4), bool)),
        },
        (0, 1),
    ),
    "routers": Domain(
        ("logits",),
        lambda rng, batch, size: Arguments((normal(rng, (*batch, size, _CLASSES)),)),
        {name: _with(x) for name, x in _rows().items()}
        | {
            "one token": _with(_DRIFT[:, :1]),
            "no token": _with(_DRIFT[:, :0]),
            "padding": _with(np.where(_SOME[..., None], _DRIFT, _NAN), where=_SOME),
            "all padding": _with(_DRIFT * _NAN, where=_SOME & False),
        },
        consumed=2,
    ),
}
