"""Evidence → class layers → splits: which class a coin stands in, and on which side it learns."""
