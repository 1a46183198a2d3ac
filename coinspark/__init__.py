"""Nightly Spark pipeline from coin photos and descriptions to tables, classifiers and a report."""

__version__ = "0.1.0"
