"""runs → predictions, confusion, metrics, the comparison of the layers (the paper's Table 1) and the report."""
