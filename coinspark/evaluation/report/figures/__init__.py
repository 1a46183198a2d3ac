"""Figures of the report as inline SVG. Colours come from the CSS of the page; names are escaped by `Markup.format`."""
