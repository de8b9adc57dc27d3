"""What balancers and attacks cost, in backward passes, and what compiling a longer attack does."""

import functools
import statistics
import time
from collections.abc import Callable, Mapping
from typing import Any

import jax
import jax.numpy as jnp
from jax import Array

import jaxloss as jl
from benchmarks.hlo import matmul_flops
from benchmarks.studies import Study

LAYERS, WIDTH, EXAMPLES, OUT = 4, 256, 1024, 16
TASKS = (2, 4, 8)
STEPS = (1, 10, 100)
B = jl.balance
BALANCERS: Mapping[str, Callable[[], B.Balancer]] = {
    "static": B.static,
    "random": B.random,
    "log-sum": B.log_sum,
    "geometric": B.geometric,
    "smooth Tchebycheff": B.smooth_tchebycheff,
    "DWA": B.dwa,
    "FAMO": B.famo,
    "GradNorm": B.gradnorm,
    "MGDA": B.mgda,
    "PCGrad": B.pcgrad,
    "GradVac": B.gradvac,
    "CAGrad": B.cagrad,
    "IMTL-G": B.imtl_g,
    "Nash-MTL": B.nash_mtl,
    "Aligned-MTL": B.aligned_mtl,
    "DualProj": B.dual_proj,
    "UPGrad": B.upgrad,
    "ConFIG": B.config,
    "GradDrop": B.graddrop,
    "trimmed mean": B.trimmed_mean,
    "Krum": B.krum,
}
MORE_THAN_TWO = ("trimmed mean", "Krum")
"""Balancers that two tasks do not suffice for."""
UPGRAD: Mapping[str, Callable[[int], Mapping[str, Any]]] = {
    "chunk 1 (two gradients held at once)": lambda tasks: {"chunk": 1},
    "chunk of all tasks": lambda tasks: {"chunk": tasks},
    "in the last layer of the trunk": lambda tasks: {"wrt": f"trunk/{LAYERS - 1}"},
}
"""Ways to trade time for memory, shown for one balancer of gradients."""


def operations(function: Callable[..., Any], *args: Any) -> float:
    """Operations of the matrix products of a compiled program, loops as often as they run."""
    return matmul_flops(jax.jit(function).lower(*args).compile())


# --- balancers


def model(tasks: int) -> tuple[dict[str, list[Array]], Array]:
    """A trunk of dense layers and a small head for each task; and a batch."""
    trunk = [jnp.full((WIDTH, WIDTH), 0.1)] * LAYERS
    params = {"trunk": trunk, "heads": [jnp.full((WIDTH, OUT), 0.1)] * tasks}
    return params, jnp.ones((EXAMPLES, WIDTH))


def features(trunk: list[Array], x: Array) -> Array:
    """What the heads share."""
    return functools.reduce(lambda x, kernel: jnp.tanh(x @ kernel), trunk, x)


def losses(heads: list[Array], shared: Array, x: Array) -> dict[str, Array]:
    """One for each head."""
    return {str(i): jnp.mean(jnp.square(shared @ head)) for i, head in enumerate(heads)}


def terms(params: Any, x: Array) -> dict[str, Array]:
    """The losses of the whole model."""
    return losses(params["heads"], features(params["trunk"], x), x)


def in_backward_passes(step: Callable[[Any, Array], Any], tasks: int) -> float:
    """What a step does beyond one forward pass, in units of one backward pass."""
    params, x = model(tasks)
    mean = jl.objective(terms).value
    forward = operations(mean, params, x)
    both = operations(jax.value_and_grad(mean), params, x)
    return (operations(step, params, x) - forward) / (both - forward)


def balanced(balancer: B.Balancer, tasks: int, **options: Any) -> float:
    """Cost of a balanced gradient."""
    run = B.value_and_grad(terms, balancer, tasks=[str(i) for i in range(tasks)], **options)

    def step(params: Any, x: Array) -> Any:
        return run(params, run.init(params, x), x, key=jax.random.key(0))[1]

    return in_backward_passes(step, tasks)


def balanced_in_features(balancer: B.Balancer, tasks: int) -> float:
    """Cost if gradients are taken in the features that the tasks share."""
    names = [str(i) for i in range(tasks)]
    run = B.shared_value_and_grad(features, losses, balancer, tasks=names)

    def step(params: Any, x: Array) -> Any:
        both = params["trunk"], params["heads"]
        return run(both, run.init(both, x), x, key=jax.random.key(0))[1]

    return in_backward_passes(step, tasks)


def balancer_rows(tasks: tuple[int, ...]) -> list[dict[str, str]]:
    """Backward passes of every balancer, by the number of tasks."""
    costs: dict[str, Callable[[int], float]] = {
        name: lambda count, make=make: balanced(make(), count) for name, make in BALANCERS.items()
    }
    costs |= {
        f"UPGrad, {name}": lambda count, options=options: balanced(
            B.upgrad(), count, **options(count)
        )
        for name, options in UPGRAD.items()
    }
    costs["UPGrad, in shared features"] = lambda count: balanced_in_features(B.upgrad(), count)
    return [
        {"what": name}
        | {
            f"backward passes, {count} tasks": f"{cost(count):.2f}"
            for count in tasks
            if count > 2 or name not in MORE_THAN_TWO
        }
        for name, cost in costs.items()
    ]


# --- attacks


def classifier() -> tuple[Callable[[Array], Array], Array, Array]:
    """Logits of a network of dense layers, its inputs and their labels."""
    params, x = model(1)

    def logits(x: Array) -> Array:
        return features(params["trunk"], x) @ params["heads"][0]

    return logits, x, jnp.zeros(EXAMPLES, jnp.int32)


def attack_rows(steps: tuple[int, ...]) -> tuple[list[dict[str, str]], dict[int, float]]:
    """Gradients that attacks and training on them take, by steps; and seconds of compiling."""
    logits, x, labels = classifier()
    cross_entropy = jl.classification.softmax_cross_entropy

    def objective(z: Array) -> Array:
        return cross_entropy(logits(z), labels)

    one = operations(jax.grad(lambda z: jnp.sum(objective(z))), x)
    key = jax.random.key(0)
    attack = jl.attack
    region: dict[str, Any] = {"eps": 0.1, "lower": 0.0, "upper": 1.0}
    makers: dict[str, Callable[[int], Callable[[Array], Any]]] = {
        "FGSM": lambda k: lambda x: attack.fgsm(objective, x, key, **region),
        "PGD": lambda k: lambda x: attack.pgd(objective, x, key, steps=k, **region),
        "PGD, the best on the way": lambda k: (
            lambda x: attack.pgd(objective, x, key, steps=k, best=True, **region)
        ),
        "AutoPGD": lambda k: lambda x: attack.auto_pgd(objective, x, key, steps=k, **region),
    }
    rows = [
        {"what": name}
        | {f"gradients, {k} steps": f"{operations(make(k), x) / one:.2f}" for k in steps}
        for name, make in makers.items()
    ]
    seconds = {k: compiling(makers["PGD"](k), x) for k in steps}
    return rows, seconds


def compiling(function: Callable[..., Any], *args: Any, rounds: int = 5) -> float:
    """Median time of compiling, in seconds."""
    taken: list[float] = []
    for _ in range(rounds):
        lowered = jax.jit(lambda *args: function(*args)).lower(*args)
        began = time.perf_counter()
        lowered.compile()
        taken.append(time.perf_counter() - began)
    return statistics.median(taken)


def run(*, quick: bool = False) -> Study:
    """Count what each balancer and attack does.

    Args:
        quick: few tasks and steps, to try it out.
    """
    tasks, steps = (TASKS[:1], STEPS[:2]) if quick else (TASKS, STEPS)
    balancers = balancer_rows(tasks)
    attacks, seconds = attack_rows(steps)
    times = ", ".join(f"{1e3 * value:.0f} ms for {k}" for k, value in seconds.items())
    text = (
        "Operations of the matrix products of a compiled training step for a trunk of "
        f"{LAYERS} dense layers of {WIDTH} and a small head for each task, beyond one forward "
        "pass, in units of the backward pass of a plain mean of the losses. Balancers that look at "
        "losses alone cost "
        "one; those that look at gradients cost one for each task, whatever they do with them. "
        "Gradients in shared features leave the trunk with a single one. An attack is counted in "
        "gradients with respect to the inputs. Its steps are one loop, so that compiling takes the "
        f"same for any number of them: PGD took {times} steps."
    )
    return Study(
        title="What balancers and attacks cost",
        rows=[*balancers, *attacks],
        text=text,
        pictures={},
        settings={
            "layers": LAYERS,
            "width": WIDTH,
            "examples": EXAMPLES,
        },
    )
