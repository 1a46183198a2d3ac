"""The curators' entity lists: reading, matching in texts, and linking of misspellings."""
