"""Losses whose logits, or whose matrix of pairs, need not fit: the same values from blocks.

`linear` fuses any loss of logits with the linear layer that makes them,
`linear_softmax_cross_entropy`, `linear_log_probs` and `linear_transducer` are what models of
language and speech need of it, and `linear_values` leaves the values as they are, one for each
token. The others compare all pairs of a batch, as their namesakes among the plain losses do.
"""

from jaxloss.fused.completions import linear_completions as linear_completions
from jaxloss.fused.contrastive import (
    clip as clip,
    info_nce as info_nce,
    siglip as siglip,
    sup_con as sup_con,
)
from jaxloss.fused.layer import Table as Table
from jaxloss.fused.linear import (
    LogProbs as LogProbs,
    linear as linear,
    linear_log_probs as linear_log_probs,
    linear_softmax_cross_entropy as linear_softmax_cross_entropy,
    linear_values as linear_values,
)
from jaxloss.fused.metric import (
    batch_all_triplet as batch_all_triplet,
    batch_hard_triplet as batch_hard_triplet,
)
from jaxloss.fused.sequence import linear_transducer as linear_transducer
from jaxloss.fused.transport import mmd as mmd
from jaxloss.fused.vocabulary import Report as Report
