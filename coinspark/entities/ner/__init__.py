"""Named entity recognition: training data, stored models and evaluation, shared by all trained engines."""
