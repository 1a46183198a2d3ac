"""Curator review: proposals of unlisted names, and the verdicts on them."""
