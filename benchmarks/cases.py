"""What is compared: cases, the systems that compete in them, and the losses that peers share.

The work is always value and gradients of the mean. All systems of a case get the same arrays.
"""

import functools
import importlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import jax.numpy as jnp
import numpy as np
import optax
from jax import Array
from numpy.typing import NDArray

import jaxloss as jl
from benchmarks import machine, peers
from jaxloss.lab.errors import LabError

Arrays = list[NDArray[Any]]
Generator = np.random.Generator


@dataclass(frozen=True)
class Entry:
    """One system of a case.

    Attributes:
        system: heading of its column.
        loss: from the arrays, as its library has them, to a scalar; of torch, that module is the
            first argument.
        peer: key of `peers.PEERS`; None for what needs JAX alone.
        prepare: puts the arrays into the layout that the library wants, before the clock runs.
    """

    system: str
    loss: Callable[..., Any]
    peer: str | None = None
    prepare: Callable[[Arrays], Arrays] = list


@dataclass(frozen=True)
class Case:
    """One row: a loss on arrays of one size.

    Attributes:
        name: of the loss.
        sizes: what the arrays measure.
        draw: the arrays.
        entries: who competes.
        wrt: places of the arrays that gradients are taken in.
        dtype: of the floating arrays.
        labels: what else tells it apart.
    """

    name: str
    sizes: Mapping[str, int]
    draw: Callable[[Generator], Arrays]
    entries: tuple[Entry, ...]
    wrt: tuple[int, ...] = (0,)
    dtype: str = "float32"
    labels: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True)
class Ours:
    """The mean of a loss of jaxloss, by name, so that older versions can be measured too.

    Attributes:
        name: as it is called: `fused.clip`.
        options: keyword arguments.
        keywords: names of the last arrays, which are passed by keyword.
    """

    name: str
    options: Mapping[str, Any] = field(default_factory=dict[str, Any])
    keywords: tuple[str, ...] = ()

    def find(self) -> Callable[..., Any]:
        """The function.

        Raises:
            LabError: if this jaxloss has none of that name.
        """
        family, _, name = self.name.partition(".")
        # A package that `import jaxloss` leaves alone is an attribute once it is imported.
        if not hasattr(jl, family) and machine.installed(f"jaxloss.{family}"):
            importlib.import_module(f"jaxloss.{family}")
        found = getattr(getattr(jl, family, None), name, None)
        if found is None:
            raise LabError(f"this jaxloss has no {self.name}, which the benchmark measures")
        return found

    def __call__(self, *arrays: Array) -> Array:
        """The mean, from arrays."""
        count = len(arrays) - len(self.keywords)
        named = dict(zip(self.keywords, arrays[count:], strict=True))
        values = self.find()(*arrays[:count], **named, **self.options)
        # The plain mean for every system on JAX: what is compared is the loss.
        return values.value if isinstance(values, jl.Average) else jnp.mean(values)


@dataclass(frozen=True)
class Elementwise:
    """An elementwise loss and its names elsewhere.

    Attributes:
        name: as it is called here.
        reads: what the arguments are.
        optax: name in `optax.losses`, if any.
        torch: name in `torch.nn.functional`, if any.
        keras: name in `keras.losses`, if any.
        transcendental: whether the loss needs an exponential or a logarithm.
    """

    name: str
    reads: Literal["reals", "logits_bits", "logits_signs", "probabilities_bits", "pairs_signs"]
    optax: str | None = None
    torch: str | None = None
    keras: str | None = None
    transcendental: bool = False


ELEMENTWISE = (
    Elementwise(
        "regression.squared_error", "reals", "squared_error", "mse_loss", "mean_squared_error"
    ),
    Elementwise("regression.absolute_error", "reals", None, "l1_loss", "mean_absolute_error"),
    Elementwise("regression.huber", "reals", "huber_loss", "huber_loss", "huber"),
    Elementwise("regression.smooth_l1", "reals", None, "smooth_l1_loss"),
    Elementwise("regression.log_cosh", "reals", "log_cosh", None, "log_cosh", transcendental=True),
    Elementwise(
        "classification.sigmoid_cross_entropy",
        "logits_bits",
        "sigmoid_binary_cross_entropy",
        "binary_cross_entropy_with_logits",
        "binary_crossentropy",
        transcendental=True,
    ),
    Elementwise(
        "classification.binary_cross_entropy",
        "probabilities_bits",
        None,
        "binary_cross_entropy",
        "binary_crossentropy",
        transcendental=True,
    ),
    Elementwise("margin.hinge", "logits_signs", "hinge_loss", None, "hinge"),
    Elementwise("margin.perceptron", "logits_signs", "perceptron_loss"),
    Elementwise("margin.logistic", "logits_signs", None, "soft_margin_loss", transcendental=True),
    Elementwise("margin.margin_ranking", "pairs_signs", None, "margin_ranking_loss"),
    Elementwise("margin.hinge_embedding", "logits_signs", None, "hinge_embedding_loss"),
)


def elementwise(size: int) -> list[Case]:
    """Elementwise losses beside those of optax, torch and Keras.

    Args:
        size: elements.
    """
    return [
        Case(
            one.name,
            {"elements": size},
            functools.partial(_elements, one.reads, size),
            _competing(one.name, one.optax, one.torch, one.keras, one.reads == "logits_bits"),
            labels={"kind": "transcendental" if one.transcendental else "arithmetic"},
        )
        for one in ELEMENTWISE
    ]


def softmax(rows: Sequence[int], classes: Sequence[int]) -> list[Case]:
    """Softmax cross-entropy with labels at several shapes.

    Args:
        rows: of each shape.
        classes: of each shape, as many as there are of rows.

    Raises:
        LabError: if there are not as many.
    """
    if len(rows) != len(classes):
        raise LabError(f"--rows has {len(rows)} sizes and --classes {len(classes)}: give as many")
    name = "classification.softmax_cross_entropy"
    peer = "softmax_cross_entropy_with_integer_labels"
    entries = _competing(name, peer, "cross_entropy", "sparse_categorical_crossentropy", True)

    def case(rows: int, classes: int) -> Case:
        sizes = {"rows": rows, "classes": classes}
        return Case(name, sizes, functools.partial(_rows, rows, classes), entries)

    return [case(*shape) for shape in zip(rows, classes, strict=True)]


def _competing(
    name: str, in_optax: str | None, in_torch: str | None, in_keras: str | None, logits: bool
) -> tuple[Entry, ...]:
    entries = [Entry("jaxloss", Ours(name))]
    if in_optax is not None:
        function = getattr(optax.losses, in_optax)
        entries.append(Entry("optax", lambda *a: jnp.mean(function(*a)), "optax"))
    if in_keras is not None:
        options = {"from_logits": True} if logits else {}

        def of_keras(pred: Array, target: Array) -> Array:
            loss = getattr(peers.load("keras").losses, in_keras)
            return jnp.mean(loss(target, pred, **options))

        entries.append(Entry("keras", of_keras, "keras"))
    if in_torch is not None:

        def of_torch(torch: Any, *tensors: Any) -> Any:
            return getattr(torch.nn.functional, in_torch)(*tensors)

        entries.append(Entry("torch", of_torch, "torch"))
        entries.append(Entry("torch.compile", of_torch, "torch.compile"))
    return tuple(entries)


def _elements(reads: str, size: int, rng: Generator) -> Arrays:
    def normal() -> NDArray[np.float32]:
        return 2 * rng.standard_normal(size, np.float32)

    def bits() -> NDArray[np.float32]:
        return rng.integers(0, 2, size).astype(np.float32)

    makers: dict[str, Callable[[], Arrays]] = {
        "reals": lambda: [normal(), normal()],
        "logits_bits": lambda: [normal(), bits()],
        "logits_signs": lambda: [normal(), 2 * bits() - 1],
        "probabilities_bits": lambda: [rng.uniform(0.01, 0.99, size).astype(np.float32), bits()],
        "pairs_signs": lambda: [normal(), normal(), 2 * bits() - 1],
    }
    return makers[reads]()


def _rows(rows: int, classes: int, rng: Generator) -> Arrays:
    labels = rng.integers(0, classes, rows).astype(np.int32)
    return [rng.standard_normal((rows, classes), np.float32), labels]
