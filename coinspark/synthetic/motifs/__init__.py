"""Motifs of synthetic coins, as parts to carve."""
