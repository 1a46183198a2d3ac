"""Class layers and splits: the class of every coin in each layer, and its side for training and testing."""
