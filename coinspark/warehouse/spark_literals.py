"""Literals and quotes of Spark SQL, written as DuckDB reads them.

In Spark SQL "double quotes" enclose a text, `backticks` a name, a backslash begins an escape, and texts that
follow each other are one text; numbers may have a type as suffix. In DuckDB double quotes enclose a name, and
`array` is a reserved word.
"""

from __future__ import annotations

import re

from coinspark.core.errors import InputError

_TOKEN = re.compile(
    r"""
    (?P<comment> --[^\n]* | /\*.*?\*/ )
    | (?P<text> (?<!\w) [rR]? (?: '(?:[^'\\]|\\.)*' | "(?:[^"\\]|\\.)*" ) )
    | (?P<bytes> (?<!\w) [xX] (?: '[0-9a-fA-F]*' | "[0-9a-fA-F]*" ) )
    | (?P<name> `(?:[^`]|``)*` )
    | (?P<number> (?<![\w.]) (?: \d+\.?\d* | \.\d+ ) (?:[eE][+-]?\d+)? (?i:BD|[LSYDF])? (?![\w.]) )
    | (?P<array> (?<![\w.]) (?i:array) (?=\s*\() (?!\s*\(\s*(?i:select|with)\b) )
    | (?P<word> \w+ )
    | (?P<space> \s+ )
    | (?P<equal> <=> )
    | (?P<unclosed> /\* | ['"`] )
    | (?P<other> . )
    """,
    re.VERBOSE | re.DOTALL,
)
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|[0-3][0-7]{2}|.)", re.DOTALL)
_ESCAPES = {"0": "\0", "b": "\b", "n": "\n", "r": "\r", "t": "\t", "Z": "\x1a", "%": "\\%", "_": "\\_"}
_SUFFIXES = {"L": "BIGINT", "S": "SMALLINT", "Y": "TINYINT", "D": "DOUBLE", "F": "FLOAT"}


def translate(query: str) -> str:
    """The query with its literals, quotes and comments in the form of DuckDB.

    Raises InputError for a quote or comment without an end.
    """
    parts: list[str] = []
    text: str | None = None  # the texts that follow each other so far
    for match in _TOKEN.finditer(query):
        kind, token = str(match.lastgroup), match[0]
        if kind == "text":
            text = (text or "") + _decoded(token)
        elif kind in ("space", "comment"):
            if text is None:
                parts.append(" ")
        else:
            if text is not None:
                parts.append(_quoted(text, "'") + " ")
                text = None
            parts.append(_translated(kind, token))
    return "".join(parts) + ("" if text is None else _quoted(text, "'"))


def _translated(kind: str, token: str) -> str:
    if kind == "unclosed":
        raise InputError(f"sql: {token} without an end")
    if kind == "name":
        return _quoted(token[1:-1].replace("``", "`"), '"')
    if kind == "bytes":
        return f"unhex('{token[2:-1]}')"
    if kind == "number":
        return _number(token)
    return {"equal": " IS NOT DISTINCT FROM ", "array": "list_value"}.get(kind, token)


def _number(token: str) -> str:
    digits = token.rstrip("BDLSYFbdlsyf")
    suffix = token[len(digits) :].upper()
    if suffix == "BD":
        return digits
    return f"CAST('{digits}' AS {_SUFFIXES[suffix]})" if suffix else token


def _decoded(token: str) -> str:
    """The value of a text literal."""
    if token[0] in "rR":
        return token[2:-1]
    return _ESCAPE.sub(lambda match: _character(match[1]), token[1:-1])


def _character(escape: str) -> str:
    if escape[0] in "uU" and len(escape) > 1:
        return chr(int(escape[1:], 16))
    return chr(int(escape, 8)) if len(escape) == 3 else _ESCAPES.get(escape, escape)


def _quoted(value: str, quote: str) -> str:
    return quote + value.replace(quote, quote * 2) + quote
