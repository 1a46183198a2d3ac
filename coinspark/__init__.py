"""coinspark: a museum's photographs and descriptions of coins, turned into trained, checked, queryable knowledge."""

__version__ = "0.1.0"
