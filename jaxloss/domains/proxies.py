"""What losses of proxies read: embeddings, vectors that stand for classes, and labels."""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from jaxloss.domains.base import Arguments, Domain, Generator, fixed, floats, labels, normal

_CLASSES, _CENTERS, _DIM = 6, 2, 3
_PROXIES = floats(np.array([[1, 0, 2], [0, 2, -1], [-1, 1, 0]]))
_LABELS = np.arange(3, dtype=np.int32)
_SEVERAL = np.stack([_PROXIES, np.roll(_PROXIES, 1, axis=0)], axis=1)
_ITEMS = {
    "zero vectors": 0 * _PROXIES,
    "at the proxies": 2 * _PROXIES,
    "opposite": -_PROXIES,
    "huge": 1e4 * _PROXIES[:, ::-1],
}


def _draw(rng: Generator, batch: tuple[int, ...], several: bool = False) -> Arguments:
    shape = (_CLASSES, _CENTERS, _DIM) if several else (_CLASSES, _DIM)
    items, proxies = normal(rng, (*batch, _DIM)), normal(rng, shape)
    return Arguments((items, proxies, labels(rng, batch, _CLASSES)))


def _inclined(rng: Generator, batch: tuple[int, ...]) -> Arguments:
    """None at a right angle to another, where similarities that count from 0 have a kink."""
    while True:
        given = _draw(rng, batch)
        every = [np.reshape(z, (-1, _DIM)) for z in given.positional[:2]]
        unit = np.concatenate([z / np.linalg.norm(z, axis=1, keepdims=True) for z in every])
        if np.all(np.abs(unit @ unit.T) > 1e-5):
            return given


def _count(given: Arguments) -> int:
    return given.positional[1].shape[0]


def _edges(proxies: NDArray[np.float32]) -> dict[str, Callable[[Generator], Arguments]]:
    found = {name: fixed(items, proxies, _LABELS) for name, items in _ITEMS.items()}
    found["zero proxies"] = fixed(_PROXIES, 0 * proxies, _LABELS)
    found["equal proxies"] = fixed(_PROXIES, 0 * proxies + 1, _LABELS)
    found["one class"] = fixed(_PROXIES, proxies[:1], 0 * _LABELS)
    return found


_ONE_EACH = Domain(
    ("embeddings", "proxies", "labels"),
    lambda rng, batch, size: _draw(rng, batch),
    _edges(_PROXIES),
    (0, 1),
    labels=2,
    classes=_count,
    shared=(1,),
)

_SETS = replace(
    _ONE_EACH,
    draw=lambda rng, batch, size: _draw(rng, (*batch, size)),
    consumed=2,
    lone=False,
)

DOMAINS: Mapping[str, Domain] = {
    "embeddings_proxies": _ONE_EACH,
    "embeddings_centers": replace(
        _ONE_EACH,
        draw=lambda rng, batch, size: _draw(rng, batch, several=True),
        edges=_edges(_SEVERAL),
    ),
    "sets_proxies": _SETS,
    "inclined_sets_proxies": replace(
        _SETS, draw=lambda rng, batch, size: _inclined(rng, (*batch, size))
    ),
}
