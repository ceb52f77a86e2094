"""DaaR, Diversity as a Reward (arXiv 2502.04380): domains, seeds, pseudo-labels, probes, the entropy of every record."""
