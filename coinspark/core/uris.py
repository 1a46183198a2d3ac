"""URIs that may contain a login: what of them can be shown."""

from __future__ import annotations

import re

MASK = "•••"
"""Stands for what is not shown."""

_WITH_CONTAINER = re.compile(r"(abfss?|wasbs?)://[\w-]+@[\w.-]+(/[^?;#]*)?")  # Azure: container@account
_URI = re.compile(
    r"(?P<scheme>[A-Za-z][\w+.:-]*)://(?P<login>.*@)?(?P<rest>[^?;#]*)(?P<query>[?;#].*)?", re.S
)


def masked_uri(text: str) -> str:
    """The text; if it is a URI, with its login and everything after `?`, `;` or `#` masked.

    jdbc:postgresql://anna:pw@db/coins?password=pw  →  jdbc:postgresql://•••@db/coins?•••
    """
    if text.startswith("jdbc:") and "://" not in text:
        return text.split("?")[0] if text.startswith("jdbc:sqlite:") else f"jdbc:{MASK}"
    if _WITH_CONTAINER.fullmatch(text) or not (uri := _URI.fullmatch(text)):
        return text
    login = f"{MASK}@" if uri["login"] else ""
    query = f"{uri['query'][0]}{MASK}" if uri["query"] else ""
    return f"{uri['scheme']}://{login}{uri['rest']}{query}"
