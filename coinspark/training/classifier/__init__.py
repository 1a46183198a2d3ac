"""Classifiers: a backbone with a softmax head, trained on the classes of one fold of one layer."""
