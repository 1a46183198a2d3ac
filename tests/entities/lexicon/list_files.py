"""Small list files for the tests of lists and forms."""

from __future__ import annotations

from pathlib import Path

OBJECT_HEADER = (
    "id,name_en,name_ger,description,alternativenames_en,alternativenames_ger,typos_en,typos_ger,link,Cat_I\n"
)
PERSON_HEADER = "id,name,name_german,description,alternativenames,typos,link,Cat_I,Cat_II,Cat_III\n"


def write(folder: Path, objects: str = "", persons: str = "", animals: str = "") -> Path:
    """Write the lists that have rows."""
    lists = (
        ("obj", OBJECT_HEADER, objects),
        ("person", PERSON_HEADER, persons),
        ("animal", OBJECT_HEADER, animals),
    )
    for name, header, rows in lists:
        if rows:
            (folder / f"list_{name}.csv").write_text(header + rows, encoding="utf-8")
    return folder
