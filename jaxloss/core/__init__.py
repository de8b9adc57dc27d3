"""The ground floor: checks, safe numerics, pairs, reductions and combinators."""
