"""Descriptions → entities: persons, objects, animals and plants that the lists name, found in the distinct texts."""
