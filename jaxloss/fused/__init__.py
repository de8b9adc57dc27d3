"""Losses whose logits, or whose matrix of pairs, need not fit: the same values from blocks."""
