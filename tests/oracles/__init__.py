"""Losses as 40-digit loops, straight from their definitions."""
