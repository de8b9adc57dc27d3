"""Families of losses: functions of outputs and targets with numbers that may be traced.

A family is searched in real coordinates: at 0 every number has its start, and a step of 1 is a
sensible change. What it computes is a loss of the library, or a function of this module that is
made of nothing else, so that `Family.source` can print it as it runs.
"""

import inspect
import textwrap
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

import jax
import jax.numpy as jnp
import numpy as np
from jax import Array
from jax.typing import ArrayLike
from jaxtyping import Float

import jaxloss as jl

WIDTH = 80
"""Of lines in printed sources, before they are indented."""

Reads = Literal["logits", "logit", "reals"]


@dataclass(frozen=True)
class Parameter:
    """One number of a family, and how a real coordinate moves it.

    Without limits the coordinate is added to the start, above a limit it multiplies the distance to
    it by its exponential, and between two it moves the log-odds of the position.

    Attributes:
        name: of the keyword argument.
        start: value at coordinate 0, strictly within the limits.
        low: limit that is never reached.
        high: limit that is never reached; only with a `low`.
        spread: change of what moves for a step of 1.
    """

    name: str
    start: float
    low: float = -np.inf
    high: float = np.inf
    spread: float = 1.0

    def value(self, coordinate: ArrayLike) -> Array:
        """The number at a coordinate.

        Example:
            >>> Parameter("q", 0.5, low=0.0, high=1.0).value(0.0)
            Array(0.5, dtype=float32, weak_type=True)
        """
        moved = self.spread * jnp.asarray(coordinate)
        if np.isinf(self.low):
            return self.start + moved
        if np.isinf(self.high):
            return self.low + (self.start - self.low) * jnp.exp(moved)
        share = (self.start - self.low) / (self.high - self.low)
        odds = float(np.log(share / (1 - share)))
        return self.low + (self.high - self.low) * jax.nn.sigmoid(odds + moved)


@dataclass(frozen=True)
class Family:
    """A loss with numbers to be found.

    Attributes:
        name: what it is called.
        loss: of outputs, targets and the numbers by keyword; gives one value per example. A public
            loss of the library, or a function whose source needs `jl`, `jax`, `jnp` and `Array`
            only.
        parameters: the numbers.
        reads: `logits` of several classes, one `logit` of two, or `reals`.
        known: constants of the data that the loss takes by keyword, such as class counts.
        about: what it is, in a few words.
    """

    name: str
    loss: Callable[..., Array]
    parameters: tuple[Parameter, ...]
    reads: Reads = "logits"
    known: Mapping[str, Sequence[float]] = field(default_factory=dict)
    about: str = ""

    @property
    def size(self) -> int:
        """How many coordinates there are."""
        return len(self.parameters)

    def numbers(self, theta: Float[Array, " size"]) -> dict[str, Array]:
        """The numbers at a point, by name."""
        return {one.name: one.value(theta[i]) for i, one in enumerate(self.parameters)}

    def apply(self, theta: Float[Array, " size"], outputs: Array, target: Array) -> Array:
        """One value per example.

        Args:
            theta: point of the family; may be traced.
            outputs: of a model: logits, one logit per example, or predictions.
            target: class numbers, or real targets.
        """
        if self.reads == "logit":
            outputs = jnp.stack([jnp.zeros_like(outputs), outputs], axis=-1)
        known = {name: jnp.asarray(values) for name, values in self.known.items()}
        return self.loss(outputs, target, **known, **self.numbers(theta))

    def call(self, theta: Float[ArrayLike, " size"]) -> str:
        """The loss at a point as a call, written out."""
        chosen = {name: str(np.float32(x)) for name, x in self.numbers(jnp.asarray(theta)).items()}
        known = {
            name: f"jnp.array({np.asarray(values).tolist()})" for name, values in self.known.items()
        }
        first, second = list(inspect.signature(self.loss).parameters)[:2]
        given = [first, second, *(f"{name}={text}" for name, text in (known | chosen).items())]
        line = f"{self._called()}({', '.join(given)})"
        if len(line) <= WIDTH:
            return line
        return f"{self._called()}(\n" + "".join(f"    {text},\n" for text in given) + ")"

    def source(self, theta: Float[ArrayLike, " size"], *, title: str = "") -> str:
        """A Python module that reproduces the loss at a point, made of the library's functions.

        Args:
            theta: point of the family.
            title: its docstring, in paragraphs.

        Returns:
            Source with a function `found_loss(outputs, target)`.
        """
        own = not self._called().startswith("jl.")
        imports = "import jax.numpy as jnp\nfrom jax import Array\n\nimport jaxloss as jl"
        parts = [_docstring(title or self.about), ("import jax\n" if own else "") + imports]
        if own:
            parts.append("\n" + inspect.getsource(self.loss).rstrip())
        first, second = list(inspect.signature(self.loss).parameters)[:2]
        given = "logit" if self.reads == "logit" else first
        body = [f'"""{self.about}"""'] if self.about else []
        if self.reads == "logit":
            body.append(f"{first} = jnp.stack([jnp.zeros_like(logit), logit], axis=-1)")
        body.append(f"return {self.call(theta)}")
        lines = textwrap.indent("\n".join(body), "    ")
        parts.append(f"\ndef found_loss({given}: Array, {second}: Array) -> Array:\n{lines}")
        classes = max([3, *(len(values) for values in self.known.values())])
        example = {
            "logits": f"2.0 * jnp.eye({classes}), jnp.zeros({classes}, int)",
            "logit": "jnp.array([2.0, -0.5]), jnp.array([1, 1])",
            "reals": "jnp.array([0.5, -4.0]), jnp.array([0.0, 0.0])",
        }
        parts.append(f'\nif __name__ == "__main__":\n    print(found_loss({example[self.reads]}))')
        return "\n\n".join(parts) + "\n"

    def _called(self) -> str:
        module = self.loss.__module__
        if module.startswith("jaxloss.losses."):
            return f"jl.{module.rpartition('.')[2]}.{self.loss.__name__}"
        return self.loss.__name__


def _docstring(text: str) -> str:
    """A text of several paragraphs as the docstring of a module."""
    escaped = text.replace("\\", r"\\").replace('"', r"\"")
    paragraphs = [
        textwrap.fill(paragraph, WIDTH, break_long_words=False, break_on_hyphens=False)
        for paragraph in escaped.split("\n\n")
    ]
    end = "\n" if len(paragraphs) > 1 else ""
    return '"""' + "\n\n".join(paragraphs) + end + '"""'


def asymmetric_focal(
    logits: Array,
    labels: Array,
    *,
    positive_gamma: Array | float,
    negative_gamma: Array | float,
    margin: Array | float,
) -> Array:
    """Each class against the rest, with focusing exponents of yes and no."""
    bits = jax.nn.one_hot(labels, logits.shape[-1], dtype=logits.dtype)
    values = jl.focal.asymmetric(
        logits, bits, positive_gamma=positive_gamma, negative_gamma=negative_gamma, margin=margin
    )
    return values.sum(-1)


def polynomial(
    logits: Array,
    labels: Array,
    *,
    first: Array | float,
    second: Array | float,
    third: Array | float,
) -> Array:
    """PolyLoss: cross-entropy with the first coefficients of its expansion in 1 - p changed."""
    entropy = jl.classification.softmax_cross_entropy(logits, labels)
    miss = -jnp.expm1(-entropy)
    return entropy + miss * (first + miss * (second + miss * third))


def taylor(
    logits: Array,
    labels: Array,
    *,
    target_center: Array | float,
    output_center: Array | float,
    linear: Array | float,
    square: Array | float,
    cube: Array | float,
    product: Array | float,
    product_square: Array | float,
    square_product: Array | float,
) -> Array:
    """TaylorGLO: a third-order polynomial in target and probability, averaged over the classes."""
    bits = jax.nn.one_hot(labels, logits.shape[-1], dtype=logits.dtype)
    a, b = bits - target_center, jax.nn.softmax(logits) - output_center
    own = b * (linear + b * (square / 2 + b * cube / 6))
    shared = a * b * (product + b * product_square / 2 + a * square_product / 2)
    return -(own + shared).mean(-1)


def class_mixture(
    logits: Array,
    labels: Array,
    *,
    cross_entropy: Array | float,
    uniform: Array | float,
    absolute_error: Array | float,
    squared_error: Array | float,
    focal: Array | float,
    crammer_singer: Array | float,
) -> Array:
    """A weighted sum of losses of the library."""
    bits = jax.nn.one_hot(labels, logits.shape[-1], dtype=logits.dtype)
    probabilities = jax.nn.softmax(logits)
    return (
        cross_entropy * jl.classification.softmax_cross_entropy(logits, labels)
        + uniform
        * jl.classification.softmax_cross_entropy(logits, jnp.full_like(bits, 1 / bits.shape[-1]))
        + absolute_error * jl.regression.absolute_error(probabilities, bits).sum(-1)
        + squared_error * jl.regression.squared_error(probabilities, bits).sum(-1)
        + focal * jl.focal.softmax_focal(logits, labels)
        + crammer_singer * jl.margin.crammer_singer(logits, labels)
    )


def residual_mixture(
    pred: Array,
    target: Array,
    *,
    squared_error: Array | float,
    absolute_error: Array | float,
    huber: Array | float,
    cauchy: Array | float,
    geman_mcclure: Array | float,
    tukey_biweight: Array | float,
) -> Array:
    """A weighted sum of losses of the library."""
    return (
        squared_error * jl.regression.squared_error(pred, target)
        + absolute_error * jl.regression.absolute_error(pred, target)
        + huber * jl.regression.huber(pred, target)
        + cauchy * jl.robust.cauchy(pred, target)
        + geman_mcclure * jl.robust.geman_mcclure(pred, target)
        + tukey_biweight * jl.robust.tukey_biweight(pred, target)
    )


def _weights(start: Mapping[str, float]) -> tuple[Parameter, ...]:
    """Positive weights, searched by their logarithms."""
    return tuple(Parameter(name, value, low=0.0, spread=1.5) for name, value in start.items())


FAMILIES: Mapping[str, Family] = {
    family.name: family
    for family in (
        Family(
            "cross_entropy",
            jl.classification.softmax_cross_entropy,
            (Parameter("smoothing", 0.05, low=0.0, high=0.9),),
            about="Cross-entropy with smoothed labels.",
        ),
        Family(
            "generalized_cross_entropy",
            jl.noisy.generalized_cross_entropy,
            (Parameter("q", 0.5, low=0.0, high=1.0),),
            about="Between cross-entropy and absolute error.",
        ),
        Family(
            "bi_tempered",
            jl.noisy.bi_tempered,
            (
                Parameter("t1", 0.8, low=0.0, high=1.0),
                Parameter("t2", 1.2, low=0.5, high=4.0),
            ),
            about="Logistic loss with a tempered logarithm and a tempered softmax.",
        ),
        Family(
            "focal",
            jl.focal.softmax_focal,
            (Parameter("gamma", 1.0, low=0.0),),
            about="Cross-entropy that discounts what is right already.",
        ),
        Family(
            "asymmetric_focal",
            asymmetric_focal,
            (
                Parameter("positive_gamma", 1.0, low=0.0),
                Parameter("negative_gamma", 1.0, low=0.0),
                Parameter("margin", 0.05, low=0.0, high=0.5),
            ),
            about="Focal loss of each class against the rest, with two exponents.",
        ),
        Family(
            "polynomial",
            polynomial,
            tuple(Parameter(name, 0.0) for name in ("first", "second", "third")),
            about="Cross-entropy and a polynomial in the probability of being wrong.",
        ),
        Family(
            "taylor",
            taylor,
            tuple(
                Parameter(name, start, spread=0.5)
                for name, start in (
                    ("target_center", 0.0),
                    ("output_center", 0.5),
                    ("linear", 0.0),
                    ("square", 0.0),
                    ("cube", 0.0),
                    ("product", 1.0),
                    ("product_square", 0.0),
                    ("square_product", 0.0),
                )
            ),
            about="A third-order polynomial in target and probability.",
        ),
        Family(
            "class_mixture",
            class_mixture,
            _weights(
                {
                    "cross_entropy": 0.5,
                    "uniform": 0.02,
                    "absolute_error": 0.5,
                    "squared_error": 0.1,
                    "focal": 0.1,
                    "crammer_singer": 0.1,
                }
            ),
            about="A weighted sum of losses of the library.",
        ),
        Family(
            "vector_scaling",
            jl.imbalanced.vector_scaling,
            (Parameter("gamma", 0.1, low=0.0), Parameter("strength", 0.5)),
            about="Cross-entropy of logits scaled and moved by how often their class occurs.",
        ),
        Family(
            "general_robust",
            jl.robust.general_robust,
            (
                Parameter("alpha", 1.0, low=-8.0, high=2.0, spread=2.0),
                Parameter("scale", 1.0, low=0.0),
            ),
            reads="reals",
            about="Barron's family, from squared error to those that ignore outliers.",
        ),
        Family(
            "squared_error",
            jl.regression.squared_error,
            (),
            reads="reals",
            about="The square of the error.",
        ),
        Family(
            "huber",
            jl.regression.huber,
            (Parameter("delta", 1.0, low=0.0),),
            reads="reals",
            about="Squared near the target, absolute far from it.",
        ),
        Family(
            "residual_mixture",
            residual_mixture,
            _weights(
                {
                    "squared_error": 0.1,
                    "absolute_error": 0.3,
                    "huber": 0.3,
                    "cauchy": 0.3,
                    "geman_mcclure": 0.3,
                    "tukey_biweight": 0.3,
                }
            ),
            reads="reals",
            about="A weighted sum of losses of the library.",
        ),
    )
}
"""Families by name."""

NEED_COUNTS = ("vector_scaling",)
"""Families that weigh classes by how often they occur."""


def find(name: str, reads: Reads, *, counts: Sequence[float] | None = None) -> Family:
    """A family for a kind of outputs.

    Args:
        name: key of `FAMILIES`.
        reads: what it is to read.
        counts: training examples of each class, for the families that weigh by them.

    Raises:
        KeyError: if there is none, or it does not fit; the message says which do.
    """
    fit = names(reads)
    if name not in fit:
        raise KeyError(f"no family for this task is called {name!r}; there are: {', '.join(fit)}")
    family = FAMILIES[name]
    if name in NEED_COUNTS:
        if counts is None:
            raise ValueError(f"the family {name} needs `counts` of the classes")
        family = replace(family, known={"counts": tuple(float(count) for count in counts)})
    return replace(family, reads=reads)


def usual(reads: Reads) -> Family:
    """The family that a person would tune without thinking.

    Args:
        reads: what the model gives.
    """
    return find("squared_error" if reads == "reals" else "cross_entropy", reads)


def names(reads: Reads) -> tuple[str, ...]:
    """Families for a kind of outputs.

    Args:
        reads: what the model gives.
    """
    real = reads == "reals"
    return tuple(name for name, one in FAMILIES.items() if (one.reads == "reals") == real)
