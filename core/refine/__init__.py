"""Rounds, of Diversify and Conquer (arXiv 2409.11378): draw, give feedback, move the clusters' weights, draw again."""
