"""Figures of the report as inline SVG.

Colours come from the CSS of the page. `Markup.format` escapes all names.
"""
