"""Losses whose logits, or whose matrix of pairs, need not fit: the same values from blocks.

`linear` fuses any loss of logits with the linear layer that makes them,
`linear_softmax_cross_entropy` and `linear_log_probs` are what language models need of it, and
`linear_values` leaves the values as they are, one for each token.
"""

from jaxloss.fused.layer import Table as Table
from jaxloss.fused.linear import (
    LogProbs as LogProbs,
    linear as linear,
    linear_log_probs as linear_log_probs,
    linear_softmax_cross_entropy as linear_softmax_cross_entropy,
    linear_values as linear_values,
)
from jaxloss.fused.pairs import (
    batch_all_triplet as batch_all_triplet,
    batch_hard_triplet as batch_hard_triplet,
    clip as clip,
    info_nce as info_nce,
    siglip as siglip,
    sup_con as sup_con,
)
from jaxloss.fused.vocabulary import Report as Report
