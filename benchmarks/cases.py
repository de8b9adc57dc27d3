"""What is compared: one row for each loss that a peer has too.

The work is always value and gradient, in the first argument, of the mean. A peer's entry is the
name of its function; the arguments are the same arrays.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

from jax import Array

import jaxloss as jl


@dataclass(frozen=True)
class Elementwise:
    """An elementwise loss and its names in `optax.losses` and `torch.nn.functional`.

    Attributes:
        loss: ours.
        reads: what the arguments are, a domain of `jaxloss.domains`.
        optax: name there, if any.
        torch: name there, if any.
        transcendental: whether the loss needs an exponential or a logarithm.
        options: keyword arguments of ours.
    """

    loss: Callable[..., Array]
    reads: Literal["reals", "logits_bits", "logits_signs", "probabilities_bits", "pairs_signs"]
    optax: str | None = None
    torch: str | None = None
    transcendental: bool = False
    options: dict[str, Any] = field(default_factory=dict[str, Any])

    @property
    def name(self) -> str:
        """As it is called."""
        return f"{self.loss.__module__.rpartition('.')[2]}.{self.loss.__name__}"


ELEMENTWISE = (
    Elementwise(jl.regression.squared_error, "reals", "squared_error", "mse_loss"),
    Elementwise(jl.regression.absolute_error, "reals", None, "l1_loss"),
    Elementwise(jl.regression.huber, "reals", "huber_loss", "huber_loss"),
    Elementwise(jl.regression.smooth_l1, "reals", None, "smooth_l1_loss"),
    Elementwise(jl.regression.log_cosh, "reals", "log_cosh", None, transcendental=True),
    Elementwise(
        jl.classification.sigmoid_cross_entropy,
        "logits_bits",
        "sigmoid_binary_cross_entropy",
        "binary_cross_entropy_with_logits",
        transcendental=True,
    ),
    Elementwise(
        jl.classification.binary_cross_entropy,
        "probabilities_bits",
        None,
        "binary_cross_entropy",
        transcendental=True,
    ),
    Elementwise(jl.margin.hinge, "logits_signs", "hinge_loss", None),
    Elementwise(jl.margin.perceptron, "logits_signs", "perceptron_loss", None),
    Elementwise(jl.margin.logistic, "logits_signs", None, "soft_margin_loss", transcendental=True),
    Elementwise(jl.margin.margin_ranking, "pairs_signs", None, "margin_ranking_loss"),
    Elementwise(jl.margin.hinge_embedding, "logits_signs", None, "hinge_embedding_loss"),
)

SOFTMAX_SHAPES = ((8192, 1000), (512, 50257), (65536, 100), (262144, 10))
"""Rows and classes of the softmax cross-entropy with labels."""
