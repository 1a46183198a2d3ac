"""Class layers and splits: the class of every coin in each layer, and its training, validation or test side."""
