"""Which records to train on: the methods, the pool they choose from, quotas, and the selection as a stage."""
