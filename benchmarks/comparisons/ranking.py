"""Losses of ranked lists beside Rax, and of lists laid end to end."""

import functools
import types
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array

import jaxloss as jl
from benchmarks import peers
from benchmarks.cases import Arrays, Case, Entry, Generator, Ours


@dataclass(frozen=True)
class Pair:
    """A loss of ours and how Rax has the same number.

    Attributes:
        name: ours.
        rax: its function of scores and relevance, from the module.
        scaled: what of it is ours, from the value and the numbers of lists and of items in one.
        shared: whether relevance adds up to 1 in each list, which Rax leaves to who calls it.
    """

    name: str
    rax: Callable[..., Any]
    scaled: Callable[[Array, int, int], Array] = lambda value, lists, items: value
    shared: bool = False


LOSSES = (
    Pair("listwise.softmax", lambda rax: rax.softmax_loss, shared=True),
    Pair("listwise.list_mle", lambda rax: rax.listmle_loss),
    Pair("listwise.unique_softmax", lambda rax: rax.unique_softmax_loss),
    Pair(
        "ranking.pairwise_logistic",
        lambda rax: _summed(rax.pairwise_logistic_loss),
        lambda value, lists, items: value / lists,
    ),
    # Rax multiplies its weights by the length of the lists.
    Pair(
        "ranking.lambda_rank",
        lambda rax: _summed(
            rax.pairwise_logistic_loss,
            lambdaweight_fn=functools.partial(rax.dcg_lambdaweight, normalize=True),
        ),
        lambda value, lists, items: value / (lists * items),
    ),
    Pair(
        "smooth_metrics.approx_ndcg",
        lambda rax: rax.approx_t12n(rax.ndcg_metric),
        lambda value, lists, items: 1 + value,
    ),
)
FLAT = ("listwise.softmax", "ranking.pairwise_logistic", "smooth_metrics.approx_ndcg")
"""What is compared of lists laid end to end."""


def ranking(lists: int, items: int, segments: Sequence[int]) -> list[Case]:
    """Lists of one length, and lists of many lengths end to end.

    Args:
        lists: of one length.
        items: of each of them, and on average of those of many lengths.
        segments: numbers of lists of many lengths, each of a case.
    """

    def rows(shared: bool, rng: Generator) -> Arrays:
        relevance = _grades(rng, (lists, items))
        total = np.maximum(relevance.sum(axis=-1, keepdims=True), 1)
        return [
            rng.standard_normal((lists, items), np.float32),
            relevance / total if shared else relevance,
        ]

    def flat(count: int, shared: bool, rng: Generator) -> Arrays:
        # From half the mean to one and a half times it.
        lengths = rng.integers(items - items // 2, items + items // 2 + 1, count)
        names = np.repeat(np.arange(count, dtype=np.int32), lengths)
        relevance = _grades(rng, names.shape)
        total = np.maximum(np.bincount(names, relevance), 1).astype(np.float32)
        return [
            rng.standard_normal(len(names), np.float32),
            relevance / total[names] if shared else relevance,
            names,
        ]

    def entries(pair: Pair, ours: Callable[..., Any], lists: int) -> tuple[Entry, Entry]:
        theirs = functools.partial(_rax, pair, lists, items)
        return Entry("jaxloss", ours), Entry("rax", theirs, "rax")

    sizes = {"lists": lists, "items": items}
    cases = [
        Case(
            pair.name,
            sizes,
            functools.partial(rows, pair.shared),
            entries(pair, Ours(pair.name), lists),
        )
        for pair in LOSSES
    ]
    longest = items + items // 2
    for count in segments:
        for pair in LOSSES:
            if pair.name in FLAT:
                draw = functools.partial(flat, count, pair.shared)
                ours = functools.partial(_segmented, pair.name, count, longest)
                case = Case(
                    f"{pair.name}, end to end",
                    {"lists": count, "items": items},
                    draw,
                    entries(pair, ours, count),
                )
                cases.append(case)
    return cases


def _grades(rng: Generator, shape: tuple[int, ...]) -> Any:
    """A few relevant items among many that are not."""
    return rng.choice(5, shape, p=[0.6, 0.2, 0.1, 0.06, 0.04]).astype(np.float32)


def _summed(loss: Callable[..., Any], **options: Any) -> Callable[..., Any]:
    return functools.partial(loss, reduce_fn=jnp.sum, **options)


def _segmented(name: str, lists: int, longest: int, *arrays: Array) -> Array:
    loss = jl.ragged.segmented(Ours(name).find(), lists=lists, longest=longest)
    return jnp.mean(loss(*arrays))


def _rax(pair: Pair, lists: int, items: int, *arrays: Array) -> Array:
    named = dict(zip(("scores", "labels", "segments"), arrays, strict=False))
    return pair.scaled(pair.rax(load())(**named), lists, items)


@functools.cache
def load() -> Any:
    """Rax, with the decorator that it takes from a module that is gone from JAX."""
    if not hasattr(jax, "util"):
        wraps = lambda function, **_: functools.wraps(function)
        jax.util = types.SimpleNamespace(wraps=wraps)  # pyright: ignore[reportAttributeAccessIssue]
    return peers.load("rax")
