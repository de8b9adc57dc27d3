"""What a loss does to a training run: figures from curves, probes inside a step, pictures."""
