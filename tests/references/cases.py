"""The table: all peers by name. Nothing here needs a peer to be installed."""

from tests.references.rows_allrank import ALLRANK
from tests.references.rows_answers import TRL
from tests.references.rows_control import RLAX
from tests.references.rows_distillation import PYTORCH_CRF, TRANSFORMERS, TRL_DISTILLATION
from tests.references.rows_distributions import OTT, TSLEARN
from tests.references.rows_generation import TORCHGAN
from tests.references.rows_keras import KERAS
from tests.references.rows_labels import CORAL, ENTMAX
from tests.references.rows_liger import LIGER
from tests.references.rows_likelihoods import PYCOX
from tests.references.rows_numpy import SCIPY, SCORINGRULES, SKLEARN, STATSMODELS
from tests.references.rows_optax import OPTAX
from tests.references.rows_pairs import LIGHTLY, PYTORCH_METRIC_LEARNING
from tests.references.rows_ranking import RAX
from tests.references.rows_torch import TORCH
from tests.references.rows_torch_focal import (
    FVCORE,
    MONAI,
    SEGMENTATION_MODELS,
    TOOLBELT,
    TORCHVISION,
)
from tests.references.rows_torch_users import AURALOSS, KORNIA, PIQ, TIMM, TORCHMETRICS
from tests.references.rows_torchdistill import TORCHDISTILL
from tests.references.rows_torchrl import TORCHRL
from tests.references.rows_uncertainty import TORCH_UNCERTAINTY
from tests.references.rows_verl import VERL

PEERS = {
    peer.name: peer
    for peer in (
        TORCH,
        OPTAX,
        RAX,
        RLAX,
        TORCHRL,
        VERL,
        ALLRANK,
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
        ENTMAX,
        CORAL,
        PYTORCH_METRIC_LEARNING,
        LIGHTLY,
        TORCHGAN,
        TRL,
        TRL_DISTILLATION,
        LIGER,
        TORCHDISTILL,
        TRANSFORMERS,
        PYTORCH_CRF,
        SKLEARN,
        SCIPY,
        STATSMODELS,
        PYCOX,
        SCORINGRULES,
        TORCH_UNCERTAINTY,
        OTT,
        TSLEARN,
    )
}
