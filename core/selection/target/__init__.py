"""A target: examples of what a model is to be good at, and the records nearest to them, taken in turn by each example."""
