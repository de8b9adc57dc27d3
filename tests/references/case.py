"""What a row of the table is, and what is said about each peer."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Case:
    """One call of a peer, and the call of jaxloss that meets its number.

    Attributes:
        name: short and unique within the peer.
        peer: expression in the peer's modules and the inputs; `measure.py` evaluates it.
        ours: expression in `jl`, `jnp` and the inputs; the test evaluates it.
        inputs: arguments of both expressions by name: nested lists of floats, of integers (labels)
            or of booleans (masks).
        relation: "equal", or what differs in one line.
        wrt: inputs by which the sum of the values is differentiated; the first one by default.
        slopes: for peers that do not differentiate, expressions of the gradients by input.
        expect: where the peer is wrong or undefined, what the contract says instead, for "value"
            or for the gradient by an input. The peer's number is recorded all the same.
        precision: what the peer computes in.
    """

    name: str
    peer: str
    ours: str
    inputs: Mapping[str, Any]
    relation: str = "equal"
    wrt: tuple[str, ...] | None = None
    slopes: Mapping[str, str] = field(default_factory=dict)
    expect: Mapping[str, Any] = field(default_factory=dict)
    precision: str = "float64"

    @property
    def differentiated(self) -> tuple[str, ...]:
        """Names of the inputs by which the values are differentiated."""
        return (next(iter(self.inputs)),) if self.wrt is None else self.wrt


@dataclass(frozen=True, kw_only=True)
class Peer:
    """A library, its part of the table, and what of it has no counterpart.

    Attributes:
        name: the library, also the name of its JSON file.
        pins: requirements that `make.py` installs for it.
        runs: which kind of arrays it takes and who differentiates: "torch", "jax" or "numpy".
        setup: statements that import its modules under the names that the expressions use.
        cases: the rows.
        public: expression for the names of its losses; None if only some are of interest.
        aliases: public name -> the public name that it wraps without changing the mathematics.
        not_ours: public name -> why there is no row for it.
        alone: install the pins without their own dependencies.
    """

    name: str
    pins: tuple[str, ...]
    runs: str
    setup: str
    cases: tuple[Case, ...]
    public: str | None = None
    aliases: Mapping[str, str] = field(default_factory=dict)
    not_ours: Mapping[str, str] = field(default_factory=dict)
    alone: bool = False
