"""What is known of a loss: a row of the catalogue."""

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

from jax import Array

from jaxloss.migration import NAMES

CLAIMS: Mapping[str, str] = {
    "nonnegative": "never below 0",
    "zero_at_target": "0 for a perfect prediction",
    "symmetric": "unchanged when prediction and target trade places",
    "convex": "convex in its first argument",
    "bounded": "does not grow without bound",
    "shift_invariant": "unchanged when a constant is added to all scores of a row",
    "scale_invariant": "unchanged when the prediction is multiplied by a positive number",
    "held": "weighed by what it holds constant, so that its gradient is not the slope of its value",
}
"""What a row may claim, in words; each is a property that is tested."""


@dataclass(frozen=True)
class Row:
    """A loss and what is known of it.

    Attributes:
        loss: the function.
        reads: domains of its arguments, names in `jaxloss.domains.DOMAINS`.
        gives: one value for each element, or for each row of the last axis.
        claims: properties, keys of `CLAIMS`.
        holds: hyperparameters of nothing but what is held constant, without a derivative.
    """

    loss: Callable[..., Array]
    reads: tuple[str, ...]
    gives: Literal["element", "row"]
    claims: frozenset[str]
    holds: frozenset[str] = frozenset()

    @property
    def family(self) -> str:
        """Module that holds the loss."""
        return self.loss.__module__.rpartition(".")[2]

    @property
    def name(self) -> str:
        """Name as it is called: `regression.huber`."""
        return f"{self.family}.{self.loss.__name__}"

    @property
    def summary(self) -> str:
        """First line of the docstring."""
        return (inspect.getdoc(self.loss) or "").partition("\n")[0]

    @property
    def formula(self) -> str:
        """Paragraph of the docstring behind `Formula:`."""
        return self._paragraph("Formula:")

    @property
    def reference(self) -> str:
        """Paragraph of the docstring behind `Reference:`."""
        return self._paragraph("Reference:")

    @property
    def elsewhere(self) -> dict[str, str]:
        """Its names in other libraries; what differs there follows after a colon."""
        found: dict[str, list[str]] = {}
        for library, names in NAMES.items():
            for theirs, ours in names.items():
                name, _, difference = ours.partition(": ")
                if name == self.name:
                    text = f"{theirs}: {difference}" if difference else theirs
                    found.setdefault(library, []).append(text)
        return {library: "; ".join(texts) for library, texts in found.items()}

    @property
    def hyperparameters(self) -> dict[str, float]:
        """Float hyperparameters and their defaults."""
        parameters = inspect.signature(self.loss).parameters.values()
        return {p.name: p.default for p in parameters if isinstance(p.default, float)}

    def accepts(self, option: str) -> bool:
        """Whether the loss has an option of this name: an argument that only goes by it."""
        parameter = inspect.signature(self.loss).parameters.get(option)
        return parameter is not None and parameter.kind is parameter.KEYWORD_ONLY

    def _paragraph(self, title: str) -> str:
        found = re.search(
            rf"{title}\s*(.+?)(?:\n\n|\Z)", inspect.getdoc(self.loss) or "", re.DOTALL
        )
        return re.sub(r"\s+", " ", found[1]).strip() if found else ""


def row(
    loss: Callable[..., Array],
    reads: str,
    gives: Literal["element", "row"],
    claims: str = "",
    holds: str = "",
) -> Row:
    """Write a row with words in place of tuples and sets."""
    return Row(
        loss, tuple(reads.split()), gives, frozenset(claims.split()), frozenset(holds.split())
    )
