"""Named comparisons of losses with those of other libraries: one row each, one module a subject."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from benchmarks import cases
from benchmarks.cases import Case
from benchmarks.comparisons import (
    answers,
    by_sorting,
    large,
    ranking,
    sequences,
    transport,
    vision,
)

Size = tuple[int, int] | tuple[tuple[int, ...], tuple[int, ...]]


@dataclass(frozen=True, kw_only=True)
class Comparison:
    """A verb of the command line that measures systems side by side.

    Attributes:
        says: what it compares.
        make: the cases, from the sizes, and the dtype where there is a choice.
        sizes: by name, the usual one and that of a quick try; tuples are lists of sizes.
        dtype: whether there is a choice of it.
        notes: what systems do, where the name does not say it.
        systems: those that are measured unless others are asked for; all if empty.
    """

    says: str
    make: Callable[..., Sequence[Case]]
    sizes: Mapping[str, Size] = field(default_factory=dict[str, Size])
    dtype: bool = False
    notes: Mapping[str, str] = field(default_factory=dict[str, str])
    systems: Sequence[str] = ()

    def cases(self, *, quick: bool, dtype: str, **sizes: Any) -> list[Case]:
        """What is measured.

        Args:
            quick: tiny sizes.
            dtype: of the arrays, where there is a choice.
            sizes: by name; where None, the usual ones.
        """
        given = {name: sizes.get(name) or usual[quick] for name, usual in self.sizes.items()}
        return list(self.make(**given, **({"dtype": dtype} if self.dtype else {})))


COMPARISONS: Mapping[str, Comparison] = {
    "elementwise": Comparison(
        says="elementwise losses beside other libraries",
        make=cases.elementwise,
        sizes={"size": (1 << 24, 1024)},
    ),
    "softmax": Comparison(
        says="softmax cross-entropy with labels at several shapes",
        make=cases.softmax,
        sizes={
            "rows": ((8192, 512, 65536, 262144), (64,)),
            "classes": ((1000, 50257, 100, 10), (10,)),
        },
    ),
    "fused": Comparison(
        says="cross-entropy behind a linear layer",
        make=large.fused,
        sizes={
            "tokens": (4096, 32),
            "features": (512, 8),
            "vocabulary": (32768, 64),
            "chunk": (512, 8),
        },
        dtype=True,
        notes={
            "optax": "on all logits at once",
            "checkpointed": "the same in chunks of tokens under `jax.checkpoint`",
            "jaxloss": "the schedule that it chooses itself",
            "jaxloss linear": "`fused.linear` of the plain softmax cross-entropy",
            "torch": "`cross_entropy` on all logits at once",
        },
    ),
    "contrastive": Comparison(
        says="CLIP and SigLIP, whole or in blocks",
        make=large.contrastive,
        sizes={"batch": (8192, 32), "features": (128, 8)},
        dtype=True,
        notes={
            "jaxloss plain": "on the whole matrix of similarities",
            "jaxloss": "block by block",
            "torch": "on the whole matrix of similarities",
        },
    ),
    "sorted": Comparison(
        says="losses of all pairs, plainly and by sorting",
        make=by_sorting.by_sorting,
        sizes={"size": (8192, 64)},
        notes={"plain": "all pairs, as the formula stands"},
    ),
    "ctc": Comparison(
        says="connectionist temporal classification",
        make=sequences.ctc,
        sizes={"batch": (8, 2), "frames": (400, 12), "labels": (64, 3), "classes": (4096, 8)},
    ),
    "transducer": Comparison(
        says="the transducer behind a joiner",
        make=sequences.transducer,
        sizes={
            "batch": (4, 2),
            "frames": (200, 6),
            "labels": (40, 3),
            "features": (256, 4),
            "classes": (1024, 8),
        },
        notes={
            "jaxloss plain": "from all logits at once",
            "jaxloss": "a few frames at a time",
            "torchaudio": "from all logits at once",
        },
    ),
    "answers": Comparison(
        says="DPO and GRPO from hidden states",
        make=answers.answers,
        sizes={
            "count": (8, 2),
            "tokens": (128, 4),
            "features": (512, 8),
            "vocabulary": (50257, 64),
        },
        dtype=True,
        notes={
            "jaxloss plain": "from all logits at once",
            "jaxloss": "by `fused.linear_completions` and `fused.linear_log_probs`",
            "torch": "from all logits at once",
        },
    ),
    "vision": Comparison(
        says="losses of images, masks and labelled embeddings",
        make=vision.vision,
        sizes={
            "images": (4, 1),
            "width": (256, 176),
            "pixels": (131072, 64),
            "classes": (8, 3),
            "batch": (512, 16),
            "features": (128, 4),
        },
        notes={
            "jaxloss": "as it stands in `losses`",
            "jaxloss fused": "block by block",
            "kornia": "twice its loss, which is half",
            "pytorch-metric-learning": "of what it is given, made unit vectors; so are ours",
        },
    ),
    "ranking": Comparison(
        says="losses of ranked lists, of one length and end to end",
        make=ranking.ranking,
        sizes={"lists": (1024, 4), "items": (100, 6), "segments": ((64, 1024), (3,))},
        notes={"rax": "end to end, on all pairs of items of all lists"},
    ),
    "sinkhorn": Comparison(
        says="Sinkhorn divergences of two clouds of points",
        make=transport.sinkhorn,
        sizes={"points": ((1024, 2048), (24,)), "dim": (2, 2)},
        notes={"ott": "with the same epsilon, and the same share of mass that may be amiss"},
    ),
    "soft_dtw": Comparison(
        says="soft dynamic time warping",
        make=transport.soft_dtw,
        sizes={"batch": (32, 2), "length": (256, 8), "dim": (2, 2)},
        notes={"ott": "under `jax.vmap`"},
    ),
    "growth": Comparison(
        says="time and memory against tokens, vocabulary and batch",
        make=large.growth,
        sizes={
            "tokens": ((512, 1024, 2048, 4096, 8192), (16, 32)),
            "vocabulary": ((2048, 4096, 8192, 16384, 32768), (32, 64)),
            "batch": ((512, 1024, 2048, 4096, 8192), (16, 32)),
            "features": (256, 8),
            "chunk": (512, 8),
        },
        dtype=True,
        notes={
            "optax": "on all logits at once",
            "jaxloss plain": "on the whole matrix of similarities",
        },
        systems=("optax", "jaxloss plain", "jaxloss"),
    ),
}
"""By verb."""
