"""Predictions, metrics, comparison of the layers, and the report of a build."""
