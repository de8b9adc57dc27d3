"""The table: all peers by name. Nothing here needs a peer to be installed."""

from tests.references.rows_generation import TORCHGAN
from tests.references.rows_keras import KERAS
from tests.references.rows_numpy import SCIPY, SCORINGRULES, SKLEARN, STATSMODELS
from tests.references.rows_optax import OPTAX
from tests.references.rows_pairs import LIGHTLY, PYTORCH_METRIC_LEARNING
from tests.references.rows_torch import TORCH
from tests.references.rows_torch_focal import (
    FVCORE,
    MONAI,
    SEGMENTATION_MODELS,
    TOOLBELT,
    TORCHVISION,
)
from tests.references.rows_torch_users import AURALOSS, KORNIA, PIQ, TIMM, TORCHMETRICS

PEERS = {
    peer.name: peer
    for peer in (
        TORCH,
        OPTAX,
        KERAS,
        TIMM,
        TORCHMETRICS,
        KORNIA,
        PIQ,
        AURALOSS,
        TORCHVISION,
        FVCORE,
        MONAI,
        SEGMENTATION_MODELS,
        TOOLBELT,
        PYTORCH_METRIC_LEARNING,
        LIGHTLY,
        TORCHGAN,
        SKLEARN,
        SCIPY,
        STATSMODELS,
        SCORINGRULES,
    )
}
