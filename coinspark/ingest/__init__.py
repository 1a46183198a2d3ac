"""Sources become coins and images: listings, decoding, merging, hashing, rejects; and the project's own drawn coins."""
