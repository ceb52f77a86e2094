"""The Reward page."""
