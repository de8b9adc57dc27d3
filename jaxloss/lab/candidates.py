"""Candidate losses: from a name on the command line to a function of model outputs."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

from jaxloss import catalogue
from jaxloss.lab.data import Task
from jaxloss.lab.errors import LabError, suggest

Loss = Callable[..., Array]
Adapter = Callable[[Loss, Array, Array], Array]

DEFAULTS: Mapping[Task, tuple[str, ...]] = {
    "multiclass": (
        "classification.softmax_cross_entropy",
        "classification.softmax_cross_entropy:smoothing=0.1",
        "classification.poly1_cross_entropy",
        "classification.squentropy",
        "margin.crammer_singer",
        "margin.weston_watkins",
        "regression.squared_error",
        "regression.absolute_error",
    ),
    "binary": (
        "classification.sigmoid_cross_entropy",
        "classification.sigmoid_cross_entropy:smoothing=0.1",
        "margin.hinge",
        "margin.squared_hinge",
        "margin.modified_huber",
        "margin.savage",
        "regression.squared_error",
        "regression.absolute_error",
    ),
    "regression": (
        "regression.squared_error",
        "regression.absolute_error",
        "regression.huber",
        "regression.log_cosh",
        "regression.epsilon_insensitive",
        "robust.cauchy",
        "robust.geman_mcclure",
        "robust.tukey_biweight",
    ),
}
# The loss that a person would take without thinking: the report names its distance.
USUAL: Mapping[Task, str] = {task: names[0] for task, names in DEFAULTS.items()}


def _one_hot(outputs: Array, labels: Array) -> Array:
    return jax.nn.one_hot(labels, outputs.shape[-1], dtype=outputs.dtype)


def _on_class_probabilities(loss: Loss, outputs: Array, labels: Array) -> Array:
    return loss(jax.nn.softmax(outputs), _one_hot(outputs, labels)).sum(-1)


def _on_both_probabilities(loss: Loss, logit: Array, bit: Array) -> Array:
    """The same for one logit: classes 0 and 1 have the probabilities 1 - p and p."""
    bit = bit.astype(logit.dtype)
    probabilities = jnp.stack([jax.nn.sigmoid(-logit), jax.nn.sigmoid(logit)], -1)
    return loss(probabilities, jnp.stack([1 - bit, bit], -1)).sum(-1)


# How a loss that reads some domain gets at the model's outputs; the first domain that fits wins.
ADAPTERS: Mapping[Task, Mapping[str, Adapter]] = {
    "multiclass": {
        "logits_labels": lambda loss, z, y: loss(z, y),
        "logits_distributions": lambda loss, z, y: loss(z, _one_hot(z, y)),
        "probabilities_labels": lambda loss, z, y: loss(jax.nn.softmax(z), y),
        "probabilities_distributions": lambda loss, z, y: loss(jax.nn.softmax(z), _one_hot(z, y)),
        "log_probabilities_labels": lambda loss, z, y: loss(jax.nn.log_softmax(z), y),
        "reals": _on_class_probabilities,
        "unit": _on_class_probabilities,
    },
    "binary": {
        "logits_bits": lambda loss, z, y: loss(z, y.astype(z.dtype)),
        "logits_signs": lambda loss, z, y: loss(z, 2 * y.astype(z.dtype) - 1),
        "probabilities_bits": lambda loss, z, y: loss(jax.nn.sigmoid(z), y.astype(z.dtype)),
        "reals": _on_both_probabilities,
        "unit": _on_both_probabilities,
    },
    "regression": {"reals": lambda loss, z, y: loss(z, y)},
}


@dataclass(frozen=True)
class Candidate:
    """One loss in a comparison.

    Attributes:
        spec: as written on the command line.
        label: as shown, with what it is applied to where that is not plain.
        row: its row of the catalogue.
        arguments: hyperparameters that were set.
        values: from outputs and targets of a batch to one value per example.
    """

    spec: str
    label: str
    row: catalogue.Row
    arguments: Mapping[str, float]
    values: Callable[[Array, Array], Array]

    @property
    def floor(self) -> float | None:
        """The lowest value known from its claims, if any."""
        return 0.0 if "nonnegative" in self.row.claims else None


def candidates(specs: str | None, task: Task, classes: int = 0) -> tuple[Candidate, ...]:
    """The losses to compare, each fitted to the outputs of a model for the task.

    Args:
        specs: names separated by commas, each with hyperparameters as `name:delta=2:gamma=1`;
            the defaults of the task if None.
        task: what the target is for.
        classes: how many classes there are.

    Raises:
        LabError: for an unknown loss or hyperparameter, a loss given twice, or one that does not
            fit the task.
    """
    names = DEFAULTS[task] if specs is None else [s.strip() for s in specs.split(",") if s.strip()]
    if not names:
        raise LabError("no loss to compare: --losses is empty")
    chosen = tuple(candidate(name, task, classes) for name in names)
    for i, one in enumerate(chosen):
        if one.label in [other.label for other in chosen[:i]]:
            raise LabError(f"the loss {one.label} is given twice")
    return chosen


def candidate(spec: str, task: Task, classes: int = 0) -> Candidate:
    """One loss, found by its name and fitted to the task.

    Args:
        spec: name, then hyperparameters as `:name=value`.
        task: what the target is for.
        classes: how many classes there are.
    """
    name, *settings = spec.split(":")
    row = find(name)
    arguments = parse_arguments(row, settings)
    domain = _domain(row, task, classes)
    if domain is None:
        raise LabError(
            f"{row.name} does not fit the {task} task; these do: {', '.join(fitting(task))}"
        )
    label = row.name + "".join(f":{key}={value:g}" for key, value in arguments.items())
    if task != "regression" and domain in ("reals", "unit"):
        label += " (on probabilities)"
    return Candidate(spec, label, row, arguments, _values(row, task, domain, arguments))


def fitting(task: Task) -> list[str]:
    """Names of the losses of the catalogue that a task can use."""
    classes = 3 if task == "multiclass" else 0
    return [row.name for row in catalogue.LOSSES if _domain(row, task, classes) is not None]


def find(name: str) -> catalogue.Row:
    """The row of a loss, by full or plain name.

    Args:
        name: `regression.huber` or `huber`.
    """
    try:
        return catalogue.find(name)
    except KeyError as error:
        message = str(error.args[0])
    hint = "" if "; " in message or ": " in message else "; `jaxloss list` shows them all"
    raise LabError(message + hint)


def parse_arguments(row: catalogue.Row, settings: list[str]) -> dict[str, float]:
    """Hyperparameters from texts such as `delta=2`.

    Args:
        row: the loss that they are for.
        settings: one text per hyperparameter.
    """
    known = row.hyperparameters
    arguments: dict[str, float] = {}
    for setting in settings:
        name, equals, text = (part.strip() for part in setting.partition("="))
        if not equals:
            raise LabError(f"{row.name}: write a hyperparameter as name=value, got {setting!r}")
        if name not in known:
            have = suggest(name, known) if known else "it has none"
            raise LabError(f"{row.name} has no number called {name!r} to set; {have}")
        try:
            arguments[name] = float(text)
        except ValueError:
            raise LabError(f"{row.name}: {name} must be a number, got {text!r}") from None
        if arguments[name] != arguments[name]:
            raise LabError(f"{row.name}: {name} must be a number, got {text!r}")
    return arguments


def _values(
    row: catalogue.Row, task: Task, domain: str, arguments: Mapping[str, Any]
) -> Callable[[Array, Array], Array]:
    adapter = ADAPTERS[task][domain]

    def loss(*data: Array) -> Array:
        return row.loss(*data, **arguments)

    return lambda outputs, target: adapter(loss, outputs, target)


def _domain(row: catalogue.Row, task: Task, classes: int) -> str | None:
    """The first domain through which a loss gives one value per example, if there is one."""
    outputs = jax.ShapeDtypeStruct((4, classes) if task == "multiclass" else (4,), jnp.float32)
    dtype = jnp.float32 if task == "regression" else jnp.int32
    target = jax.ShapeDtypeStruct((4,), dtype)
    for domain in ADAPTERS[task]:
        if domain not in row.reads:
            continue
        try:
            shape = jax.eval_shape(_values(row, task, domain, {}), outputs, target).shape
        except (TypeError, ValueError, AssertionError):  # needs more arguments, or other shapes
            continue
        if shape == (4,):
            return domain
    return None
