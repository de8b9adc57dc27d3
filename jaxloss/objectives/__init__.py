"""The second floor: losses in, what an optimiser minimises out."""
