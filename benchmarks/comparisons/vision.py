"""Losses of images, of masks, and of the pairs and triplets of labelled embeddings."""

from collections.abc import Callable
from typing import Any

import jax.numpy as jnp
import numpy as np
from jax import Array

import jaxloss as jl
from benchmarks import peers
from benchmarks.cases import Arrays, Case, Entry, Generator, Ours

OF_A_LABEL = 8
"""Embeddings that share one label; of equally many, means over triplets and anchors agree."""
TRIPLET_MARGIN, TEMPERATURE = 0.2, 0.1


def vision(
    *, images: int, width: int, pixels: int, classes: int, batch: int, features: int
) -> list[Case]:
    """SSIM, MS-SSIM, Lovász softmax, all triplets of a batch, and supervised contrast.

    Args:
        images: of a batch, with three channels.
        width: and height of the images.
        pixels: whose classes are told, of all images at once.
        classes: of a pixel.
        batch: embeddings.
        features: of each embedding.
    """

    def of_images(rng: Generator) -> Arrays:
        target = rng.uniform(size=(images, width, width, 3)).astype(np.float32)
        noise = 0.1 * rng.standard_normal(target.shape, np.float32)
        return [np.clip(target + noise, 0, 1), target]

    def of_pixels(rng: Generator) -> Arrays:
        logits = rng.standard_normal((pixels, classes), np.float32)
        return [logits, rng.integers(0, classes, pixels).astype(np.int32)]

    def of_embeddings(rng: Generator) -> Arrays:
        x = rng.standard_normal((batch, features), np.float32)
        labels = np.arange(batch, dtype=np.int32) // OF_A_LABEL
        return [x / np.linalg.norm(x, axis=-1, keepdims=True), labels]

    pictures = {"images": images, "width": width}
    vectors = {"batch": batch, "features": features}
    return [
        Case(
            "image.ssim",
            pictures,
            of_images,
            (
                Entry("jaxloss", Ours("image.ssim")),
                Entry("monai", _monai_ssim, "monai", _channels_first),
                Entry("kornia", _kornia_ssim, "kornia", _channels_first),
            ),
        ),
        Case(
            "image.multiscale_ssim",
            pictures,
            of_images,
            (
                Entry("jaxloss", Ours("image.multiscale_ssim")),
                Entry("torchmetrics", _torchmetrics_ms_ssim, "torchmetrics", _channels_first),
            ),
        ),
        Case(
            "lovasz.lovasz_softmax",
            {"pixels": pixels, "classes": classes},
            of_pixels,
            (
                Entry("jaxloss", Ours("lovasz.lovasz_softmax")),
                Entry("smp", _smp_lovasz, "smp", _as_an_image),
            ),
        ),
        Case(
            "metric.batch_all_triplet",
            vectors,
            of_embeddings,
            (
                Entry("jaxloss", _normalized(Ours("metric.batch_all_triplet"))),
                Entry("jaxloss fused", _normalized(Ours("fused.batch_all_triplet"))),
                Entry("pytorch-metric-learning", _pml_triplets, "pytorch-metric-learning"),
            ),
        ),
        Case(
            "contrastive.sup_con",
            vectors,
            of_embeddings,
            (
                Entry("jaxloss", _normalized(Ours("contrastive.sup_con"))),
                Entry("jaxloss fused", _normalized(Ours("fused.sup_con"))),
                Entry("pytorch-metric-learning", _pml_sup_con, "pytorch-metric-learning"),
            ),
        ),
    ]


def _normalized(loss: Ours) -> Callable[[Array, Array], Array]:
    """On unit vectors, which pytorch-metric-learning makes of what it is given."""

    def normalized(embeddings: Array, labels: Array) -> Array:
        return loss(jl.numerics.normalize(embeddings), jnp.asarray(labels))

    loss.find()
    return normalized


def _channels_first(arrays: Arrays) -> Arrays:
    return [np.ascontiguousarray(np.moveaxis(array, -1, 1)) for array in arrays]


def _as_an_image(arrays: Arrays) -> Arrays:
    """One image of all pixels, channels before them."""
    logits, labels = arrays
    return [np.ascontiguousarray(logits.T)[None, :, None], labels[None, None]]


def _monai_ssim(torch: Any, pred: Any, target: Any) -> Any:
    return peers.load("monai.losses").SSIMLoss(2)(pred, target)


def _kornia_ssim(torch: Any, pred: Any, target: Any) -> Any:
    # Half of one minus the index.
    return 2 * peers.load("kornia.losses").ssim_loss(pred, target, 11, padding="valid")


def _torchmetrics_ms_ssim(torch: Any, pred: Any, target: Any) -> Any:
    index = peers.load(
        "torchmetrics.functional.image"
    ).multiscale_structural_similarity_index_measure
    return 1 - index(pred, target, data_range=1.0)


def _smp_lovasz(torch: Any, logits: Any, labels: Any) -> Any:
    return peers.load("segmentation_models_pytorch.losses").LovaszLoss("multiclass")(logits, labels)


def _pml_triplets(torch: Any, embeddings: Any, labels: Any) -> Any:
    losses, reducers = _pml()
    mean = reducers.MeanReducer()
    return losses.TripletMarginLoss(margin=TRIPLET_MARGIN, reducer=mean)(embeddings, labels)


def _pml_sup_con(torch: Any, embeddings: Any, labels: Any) -> Any:
    losses, reducers = _pml()
    mean = reducers.MeanReducer()
    return losses.SupConLoss(temperature=TEMPERATURE, reducer=mean)(embeddings, labels)


def _pml() -> tuple[Any, Any]:
    return peers.load("pytorch_metric_learning.losses"), peers.load(
        "pytorch_metric_learning.reducers"
    )
