"""Entities: persons, objects, animals and plants named in the coin descriptions."""
