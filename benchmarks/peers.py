"""Other libraries: which of them can take part here, and how torch does the work of a case."""

import functools
import importlib
import os
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import jax
import numpy as np
from numpy.typing import NDArray

from benchmarks import machine
from benchmarks.timing import Competitor, reason


@dataclass(frozen=True)
class Peer:
    """A library, or a way to use one.

    Attributes:
        package: as pip calls it.
        module: as Python imports it.
        torch: whether it works on tensors of torch.
        cuda: whether it works on NVIDIA's cards alone.
    """

    package: str
    module: str
    torch: bool = False
    cuda: bool = False


PEERS = {
    "optax": Peer("optax", "optax"),
    "keras": Peer("keras", "keras"),
    "rax": Peer("rax", "rax"),
    "torch": Peer("torch", "torch", torch=True),
    "torch.compile": Peer("torch", "torch", torch=True),
    "monai": Peer("monai", "monai", torch=True),
    "kornia": Peer("kornia", "kornia", torch=True),
    "torchmetrics": Peer("torchmetrics", "torchmetrics", torch=True),
    "smp": Peer("segmentation-models-pytorch", "segmentation_models_pytorch", torch=True),
    "pytorch-metric-learning": Peer(
        "pytorch-metric-learning", "pytorch_metric_learning", torch=True
    ),
    "torchaudio": Peer("torchaudio", "torchaudio", torch=True),
    "ott": Peer("ott-jax", "ott"),
    "tokamax": Peer("tokamax", "tokamax"),
    "liger": Peer("liger-kernel", "liger_kernel", torch=True, cuda=True),
    "cut-cross-entropy": Peer("cut-cross-entropy", "cut_cross_entropy", torch=True, cuda=True),
}
"""By the name that a column of the tables has."""


@functools.cache
def absent(name: str) -> str | None:
    """Why a peer cannot take part, or None if it can.

    Args:
        name: key of `PEERS`.
    """
    peer = PEERS[name]
    # Asked first, because the answer holds whatever is installed.
    if peer.cuda and jax.devices()[0].platform != "gpu":
        return "needs a GPU"
    if not machine.installed(peer.module):
        return "not installed"
    if peer.torch and torch_device() is None:
        return f"torch has no device for {jax.devices()[0].device_kind}"
    return _no_compiler() if name == "torch.compile" else None


def load(module: str) -> Any:
    """Import a peer, set up to compete.

    Args:
        module: with dots if need be.
    """
    if module.startswith("keras"):
        os.environ["KERAS_BACKEND"] = "jax"
    loaded = importlib.import_module(module)
    if module == "torch":
        loaded.set_num_threads(machine.cores())
        if jax.devices()[0].platform == "gpu":
            # As JAX does by default: float32 products in TF32.
            loaded.set_float32_matmul_precision("high")
    if module == "tokamax":
        # It would read our command line otherwise, and end at the first option.
        importlib.import_module("absl.flags").FLAGS(sys.argv[:1])
    return loaded


def torch_device() -> str | None:
    """Torch's name of the device that JAX uses: both must work on the same one."""
    platform = jax.devices()[0].platform
    if platform == "gpu":
        return "cuda" if load("torch").cuda.is_available() else None
    return "cpu" if platform == "cpu" else None


def torch_competitor(
    loss: Callable[..., Any],
    arrays: Sequence[NDArray[Any]],
    wrt: Sequence[int],
    dtype: str,
    *,
    compiled: bool,
) -> Competitor:
    """Value and gradients of a loss on torch.

    Args:
        loss: of the module `torch` and tensors, to a scalar.
        arrays: NumPy arrays; integers become int64, which torch wants of labels.
        wrt: places of the arrays that gradients are taken in.
        dtype: of the floating ones that are no scalars.
        compiled: whether `torch.compile` goes over the loss.
    """
    torch = load("torch")
    device = torch_device()

    def tensor(array: NDArray[Any]) -> Any:
        wanted = getattr(torch, dtype) if array.ndim else torch.float32
        floating = np.issubdtype(array.dtype, np.floating)
        return torch.tensor(array).to(device, wanted if floating else torch.int64)

    tensors = [tensor(array) for array in arrays]
    leaves = [tensors[place].requires_grad_(True) for place in wrt]

    def function(*tensors: Any) -> Any:
        return loss(torch, *tensors)

    if compiled:
        # Programs of other cases count towards a limit, above which torch runs eagerly.
        torch.compiler.reset()
        function = torch.compile(function, fullgraph=True)

    def run() -> Any:
        for leaf in leaves:
            leaf.grad = None
        value = function(*tensors)
        value.backward()
        if device == "cuda":
            torch.cuda.synchronize()
        return value.detach()

    return Competitor(run, _temporary_bytes(torch, run, leaves) if device == "cuda" else None)


def _temporary_bytes(torch: Any, run: Callable[[], Any], leaves: Sequence[Any]) -> int:
    """Rise of the allocator's peak in a warm run, without the gradients that it leaves."""
    run()
    for leaf in leaves:
        leaf.grad = None
    torch.cuda.reset_peak_memory_stats()
    before = torch.cuda.memory_allocated()
    run()
    gradients = sum(leaf.grad.nbytes for leaf in leaves)
    return max(0, torch.cuda.max_memory_allocated() - before - gradients)


def _no_compiler() -> str | None:
    """Why `torch.compile` does not work on this machine, if it does not."""
    torch = load("torch")
    try:
        torch.compile(lambda x: x + 1, fullgraph=True)(torch.ones(2, device=torch_device()))
    except Exception as error:
        return reason(error)
    return None
