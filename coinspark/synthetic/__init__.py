"""Synthetic coins: drawing of dies, photos, descriptions, boxes and entity lists."""
