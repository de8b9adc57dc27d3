"""Rows of the losses of series, bodies and fields."""

from collections.abc import Callable
from typing import Any

from jaxloss.catalogue.row import Row, row
from jaxloss.losses import consistency, geometry, physics, temporal

ROWS: tuple[Row, ...] = (
    row(temporal.soft_dtw, "series", "row", "symmetric"),
    row(temporal.soft_dtw_divergence, "series", "row", "zero_at_target symmetric"),
    row(temporal.temporal_distortion, "series", "row", "nonnegative symmetric"),
    row(temporal.dilate, "series", "row", "symmetric"),
    row(
        temporal.mean_absolute_scaled_error,
        "scaled_forecasts",
        "row",
        "nonnegative zero_at_target symmetric convex",
    ),
    row(
        temporal.root_mean_squared_scaled_error,
        "scaled_forecasts",
        "row",
        "nonnegative zero_at_target symmetric convex",
    ),
    row(temporal.fredf, "waves", "row", "nonnegative zero_at_target symmetric convex"),
    row(geometry.rotation_geodesic, "rotations", "row", "nonnegative zero_at_target symmetric"),
    row(
        geometry.quaternion,
        "quaternions",
        "row",
        "nonnegative zero_at_target symmetric bounded scale_invariant",
    ),
    row(geometry.add_pose, "poses", "row", "nonnegative zero_at_target convex"),
    row(geometry.add_s_pose, "poses", "row", "nonnegative"),
    row(
        geometry.procrustes,
        "shapes",
        "row",
        "nonnegative symmetric bounded scale_invariant shift_invariant",
    ),
    row(geometry.fape, "structures", "row", "nonnegative"),
    row(physics.relative_lp, "waves", "row", "nonnegative zero_at_target convex"),
    row(physics.causal, "slices", "row", "nonnegative held", "eps"),
    row(consistency.r_drop, "agreeing_logits", "row", "nonnegative symmetric shift_invariant"),
    row(
        consistency.pi_model,
        "agreeing_logits",
        "row",
        "nonnegative zero_at_target symmetric bounded shift_invariant",
    ),
    row(
        consistency.mean_teacher,
        "logits_taught",
        "row",
        "nonnegative zero_at_target symmetric bounded shift_invariant",
    ),
    row(consistency.uda, "logits_taught", "row", "nonnegative convex shift_invariant"),
    row(consistency.pseudo_label, "logits_taught", "row", "nonnegative convex shift_invariant"),
)
HELPERS: tuple[Callable[..., Any], ...] = (
    consistency.cutmix,
    consistency.mixup,
    physics.deep_ritz,
    physics.divergence_free,
    physics.energy_force,
    physics.gpinn,
    physics.hamiltonian,
    physics.lagrangian,
    physics.pde_residual,
    physics.sobolev,
)
