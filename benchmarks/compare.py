"""Named comparisons: ours, optax and torch on the same arrays, as ratios to a floor."""

import importlib.util
import os
import platform
from collections.abc import Callable, Iterator
from importlib.metadata import version
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
from numpy.typing import NDArray

import jaxloss as jl
from benchmarks.cases import ELEMENTWISE, SOFTMAX_SHAPES, Elementwise
from benchmarks.timing import Competitor, Timing, compiled, interleave

Arrays = list[NDArray[Any]]


def environment() -> dict[str, Any]:
    """Device and versions, for the result file."""
    device = jax.devices()[0]
    packages = ["jax", "jaxlib", "optax", "numpy", *(["torch"] if _has_torch() else [])]
    return {
        "device": device.device_kind,
        "platform": device.platform,
        "processor": platform.machine(),
        "cores": os.cpu_count(),
        "python": platform.python_version(),
        "jaxloss": jl.__version__,
        **{name: version(name) for name in packages},
    }


def elementwise(size: int, rounds: int) -> Iterator[dict[str, Any]]:
    """Elementwise losses at one size; the floor is the sum of two arrays."""
    rng = np.random.default_rng(0)
    for case in ELEMENTWISE:
        arrays = _arguments(case, rng, size)
        competitors = {
            "floor": compiled(jnp.add, *map(jnp.asarray, arrays[:2])),
            "jaxloss": _ours(lambda *a, case=case: case.loss(*a, **case.options), arrays),
        }
        if case.optax is not None:
            competitors["optax"] = _ours(getattr(optax.losses, case.optax), arrays)
        if case.torch is not None and _has_torch():
            competitors["torch"] = _torch(case.torch, arrays)
        timings = interleave(competitors, rounds)
        yield _row(case.name, f"{size}", timings, arrays[0].nbytes, case.transcendental)


def softmax(rounds: int) -> Iterator[dict[str, Any]]:
    """Softmax cross-entropy with labels; the floor adds 1 to the logits."""
    rng = np.random.default_rng(0)
    for rows, classes in SOFTMAX_SHAPES:
        logits = rng.standard_normal((rows, classes), np.float32)
        labels = rng.integers(0, classes, rows).astype(np.int32)
        arrays: Arrays = [logits, labels]
        peer = optax.losses.softmax_cross_entropy_with_integer_labels
        competitors = {
            "floor": compiled(lambda z: z + 1, jnp.asarray(logits)),
            "jaxloss": _ours(jl.classification.softmax_cross_entropy, arrays),
            "optax": _ours(peer, arrays),
        }
        if _has_torch():
            competitors["torch"] = _torch("cross_entropy", arrays)
        timings = interleave(competitors, rounds)
        name = "classification.softmax_cross_entropy"
        yield _row(name, f"{rows} x {classes}", timings, logits.nbytes, True)


def _arguments(case: Elementwise, rng: np.random.Generator, size: int) -> Arrays:
    def normal() -> NDArray[np.float32]:
        return 2 * rng.standard_normal(size, np.float32)

    def bits() -> NDArray[np.float32]:
        return rng.integers(0, 2, size).astype(np.float32)

    match case.reads:
        case "reals":
            return [normal(), normal()]
        case "logits_bits":
            return [normal(), bits()]
        case "logits_signs":
            return [normal(), 2 * bits() - 1]
        case "probabilities_bits":
            return [rng.uniform(0.01, 0.99, size).astype(np.float32), bits()]
        case "pairs_signs":
            return [normal(), normal(), 2 * bits() - 1]


def _ours(loss: Callable[..., jax.Array], arrays: Arrays) -> Competitor:
    # The plain mean for every competitor on JAX: what is compared is the loss.
    step = jax.value_and_grad(lambda *a: jnp.mean(loss(*a)))
    return compiled(step, *map(jnp.asarray, arrays))


def _has_torch() -> bool:
    return importlib.util.find_spec("torch") is not None


def _torch(name: str, arrays: Arrays) -> Competitor:
    torch: Any = importlib.import_module("torch")
    torch.set_num_threads(os.cpu_count() or 1)
    function = getattr(torch.nn.functional, name)
    tensors = [torch.from_numpy(array.copy()) for array in arrays]
    if name == "cross_entropy":
        tensors[1] = tensors[1].long()
    tensors[0].requires_grad_(True)

    def run() -> None:
        tensors[0].grad = None
        function(*tensors).backward()

    return Competitor(run)


def _row(
    name: str, size: str, timings: dict[str, Timing], nbytes: int, transcendental: bool
) -> dict[str, Any]:
    floor = timings["floor"].median
    return {
        "name": name,
        "size": size,
        "transcendental": transcendental,
        "systems": {
            system: {
                "seconds": timing.median,
                "quartiles": [timing.lower, timing.upper],
                "ratio": timing.median / floor,
                "temp": None if timing.temp_bytes is None else timing.temp_bytes / nbytes,
            }
            for system, timing in timings.items()
        },
    }
