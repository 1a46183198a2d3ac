"""Nightly Spark pipeline that turns coin photos and descriptions into tables, classifiers and a report."""

__version__ = "0.1.0"
