"""A nightly Spark pipeline from coin photos and descriptions to versioned tables, trained classifiers and a report."""

__version__ = "0.1.0"
