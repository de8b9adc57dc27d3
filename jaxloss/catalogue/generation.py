"""Rows of the losses of critics, codes and diffusion."""

from collections.abc import Callable
from typing import Any

from jaxloss.catalogue.row import Row, row
from jaxloss.losses import (
    critic,
    diffusion,
    diffusion_bounds,
    discrete_diffusion,
    flow,
    gan,
    score_matching,
    variational,
)

ROWS: tuple[Row, ...] = (
    row(gan.logistic_discriminator, "rival_scores", "element", "nonnegative convex"),
    row(gan.non_saturating_generator, "fake_scores", "element", "nonnegative convex"),
    row(gan.saturating_generator, "fake_scores", "element", ""),
    row(gan.least_squares_discriminator, "rival_scores", "element", "nonnegative convex"),
    row(gan.least_squares_generator, "fake_scores", "element", "nonnegative convex"),
    row(gan.hinge_discriminator, "rival_scores", "element", "nonnegative convex"),
    row(gan.wasserstein_discriminator, "rival_scores", "element", "convex"),
    row(gan.wasserstein_generator, "fake_scores", "element", "convex"),
    row(gan.relativistic, "rival_scores", "element", "nonnegative convex"),
    row(gan.relativistic_average, "rival_batches", "row", "nonnegative convex"),
    row(gan.lecam, "anchored_scores", "element", "nonnegative convex"),
    row(gan.feature_matching, "vector_samples", "row", "nonnegative symmetric convex"),
    row(variational.kl_normal, "posteriors", "element", "nonnegative zero_at_target convex"),
    row(variational.elbo, "posteriors_likelihoods", "row", "convex"),
    row(variational.free_bits, "posterior_batches", "row", "nonnegative convex"),
    row(variational.iwae, "log_weights", "row", ""),
    row(variational.vq, "embeddings_codes", "row", "nonnegative zero_at_target convex held"),
    row(diffusion.prediction, "denoised", "row", "nonnegative zero_at_target convex"),
    row(
        diffusion_bounds.learned_variance, "steps_back", "row", "nonnegative zero_at_target convex"
    ),
    row(diffusion_bounds.d3pm, "token_steps", "row", "nonnegative shift_invariant"),
    row(diffusion.edm, "noised", "row", "nonnegative convex"),
    row(score_matching.denoising, "scores_noise", "row", "nonnegative zero_at_target convex"),
    row(score_matching.sure, "noisy_changes", "element", "convex"),
    row(flow.flow_matching, "lines", "element", "nonnegative zero_at_target convex"),
    row(flow.consistency, "ends_taught", "row", "nonnegative zero_at_target convex"),
    row(discrete_diffusion.masked, "masked_tokens", "row", "nonnegative shift_invariant"),
    row(discrete_diffusion.score_entropy, "log_ratios", "row", "nonnegative zero_at_target convex"),
)
HELPERS: tuple[Callable[..., Any], ...] = (
    critic.around,
    critic.between,
    critic.consistency,
    critic.one_sided,
    critic.path_length,
    critic.two_sided,
    critic.zero_centered,
    diffusion.convert,
    diffusion.cosine_log_snr,
    diffusion.edm_preconditioning,
    diffusion.log_edm_weight,
    diffusion.log_min_snr_weight,
    diffusion.log_p2_weight,
    diffusion.log_sigmoid_weight,
    diffusion.log_truncated_snr_weight,
    diffusion.log_uniform_weight,
    diffusion.scales,
    flow.consistency_training,
    flow.interpolated,
    flow.mean_flow,
    flow.paired,
    flow.transported,
    gan.moved_average,
    score_matching.implicit,
    score_matching.sliced,
    variational.nearest_codes,
    variational.straight_through,
)
