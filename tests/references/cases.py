"""The table: all peers by name. Nothing here needs a peer to be installed."""

from tests.references.rows_keras import KERAS
from tests.references.rows_numpy import SCIPY, SCORINGRULES, SKLEARN, STATSMODELS
from tests.references.rows_optax import OPTAX
from tests.references.rows_torch import TORCH
from tests.references.rows_torch_focal import (
    FVCORE,
    MONAI,
    SEGMENTATION_MODELS,
    TOOLBELT,
    TORCHVISION,
)
from tests.references.rows_torch_users import KORNIA, TIMM, TORCHMETRICS

PEERS = {
    peer.name: peer
    for peer in (
        TORCH,
        OPTAX,
        KERAS,
        TIMM,
        TORCHMETRICS,
        KORNIA,
        TORCHVISION,
        FVCORE,
        MONAI,
        SEGMENTATION_MODELS,
        TOOLBELT,
        SKLEARN,
        SCIPY,
        STATSMODELS,
        SCORINGRULES,
    )
}
