"""Sources → tables coins, images and rejects: readers, listing, decoding, merging."""
