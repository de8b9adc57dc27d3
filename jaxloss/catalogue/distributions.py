"""Rows of the divergences between distributions, and of the distances between samples."""

from collections.abc import Callable
from typing import Any

from jaxloss.catalogue.row import Row, row
from jaxloss.losses import divergence, gaussian_divergence, sinkhorn, transport

_PROPER = "nonnegative zero_at_target"

ROWS: tuple[Row, ...] = (
    row(divergence.kl, "log_distributions", "row", f"{_PROPER} convex"),
    row(divergence.reverse_kl, "log_distributions", "row", _PROPER),
    row(divergence.generalized_kl, "log_distributions", "row", f"{_PROPER} convex"),
    row(divergence.jeffreys, "log_distributions", "row", f"{_PROPER} symmetric"),
    row(divergence.jensen_shannon, "log_distributions", "row", f"{_PROPER} symmetric"),
    row(divergence.generalized_jensen_shannon, "log_distributions", "row", _PROPER),
    row(divergence.total_variation_distance, "log_distributions", "row", f"{_PROPER} symmetric"),
    row(divergence.hellinger, "log_distributions", "row", f"{_PROPER} symmetric"),
    row(divergence.bhattacharyya, "log_distributions", "row", f"{_PROPER} symmetric"),
    row(divergence.chi_squared, "log_distributions", "row", _PROPER),
    row(divergence.alpha, "log_distributions", "row", _PROPER),
    row(divergence.tsallis, "log_distributions", "row", _PROPER),
    row(divergence.renyi, "log_distributions", "row", _PROPER),
    row(divergence.beta, "amounts", "element", f"{_PROPER} convex"),
    row(gaussian_divergence.kl, "normals", "row", f"{_PROPER} convex"),
    row(gaussian_divergence.reverse_kl, "normals", "row", f"{_PROPER} convex"),
    row(gaussian_divergence.jeffreys, "normals", "row", f"{_PROPER} convex"),
    row(gaussian_divergence.bhattacharyya, "normals", "row", _PROPER),
    row(gaussian_divergence.hellinger, "normals", "row", _PROPER),
    row(gaussian_divergence.wasserstein, "normals", "row", f"{_PROPER} convex"),
    row(gaussian_divergence.full_kl, "normals_of_factors", "row", "nonnegative"),
    row(gaussian_divergence.full_wasserstein, "normals_of_factors", "row", "nonnegative"),
    row(transport.energy_distance, "samples", "row", "nonnegative zero_at_target symmetric"),
    row(transport.vector_energy_distance, "clouds", "row", f"{_PROPER} symmetric"),
    row(transport.wasserstein, "samples", "row", "nonnegative zero_at_target symmetric"),
    row(transport.mmd, "vector_samples", "row", "nonnegative symmetric bounded"),
    row(transport.sliced_wasserstein, "projected_clouds", "row", f"{_PROPER} symmetric"),
    row(sinkhorn.entropic, "costs_of_pairs", "row", ""),
    row(sinkhorn.unbalanced, "costs_of_pairs", "row", ""),
    row(sinkhorn.divergence, "clouds", "row", "symmetric"),
    row(sinkhorn.monge_gap, "maps", "row", ""),
)
HELPERS: tuple[Callable[..., Any], ...] = (divergence.bregman,)
