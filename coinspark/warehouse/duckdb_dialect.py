"""Queries of Spark SQL for DuckDB: one statement that reads, with the meaning that it has in Spark.

DuckDB parses the query; the tree may contain only tables and views of the warehouse, and no expression that
DuckDB would compute differently from Spark. Such expressions are refused: no query has two answers.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import Any

import duckdb

from coinspark.config import Config
from coinspark.core.errors import InputError
from coinspark.core.formatting import one_line

Node = dict[str, Any]
"""A node of DuckDB's syntax tree, as `json_serialize_sql` returns it."""

USE_SPARK = "use --engine spark"
DIFFERENT = frozenset(
    """
    ^ aggregate any_value approx_count_distinct array_agg array_append array_contains array_position
    array_prepend array_sort assert_true base64 cardinality ceil ceiling concat current_catalog
    current_database current_schema current_user date_diff date_sub datediff dayofweek decode element_at
    encode filter flatten floor from_json hash isnan json_array_length kurtosis levenshtein log
    make_timestamp map map_concat map_entries map_from_entries map_keys map_values overlay printf random
    reduce regexp_extract_all sign skewness to_binary to_timestamp typeof url_encode user uuid
    version weekday
    """.split()  # noqa: SIM905
)
"""Functions of both engines with another result or another type of result. A test tries all others."""
RENAMED = {"array_size": "len", "explode": "unnest"}
"""Functions of Spark that DuckDB has under another name."""
_TABLE_FUNCTIONS = ("range", "unnest")
_SOURCES = ("BASE_TABLE", "SUBQUERY", "JOIN", "EMPTY", "EXPRESSION_LIST", "TABLE_FUNCTION")
"""What a FROM clause may contain."""
_WHOLE_NUMBERS = ("TINYINT", "SMALLINT", "INT", "INTEGER", "BIGINT", "LONG", "HUGEINT")


def parse(query: str) -> Node:
    """The syntax tree of a query that only reads.

    Args:
        query: One that `spark_literals.translate` returned.

    Raises InputError where DuckDB cannot parse it, it does more than read, it is more than one statement, or
    DuckDB would compute it differently from Spark.
    """
    with duckdb.connect() as connection:
        ((text,),) = connection.execute("SELECT json_serialize_sql(?)", [query]).fetchall()
    tree: Node = json.loads(text)
    if tree["error"]:
        raise InputError(f"sql: {_fault(tree)}")
    if len(tree["statements"]) != 1:
        raise InputError(f"sql: expected one statement, found {len(tree['statements'])}")
    for node in _nodes(tree):
        _check(node)
    return tree


def text_of(tree: Node) -> str:
    """The query of a syntax tree, for DuckDB."""
    with duckdb.connect() as connection:
        ((text,),) = connection.execute("SELECT json_deserialize_sql(?)", [json.dumps(tree)]).fetchall()
    return str(text)


def relations(config: Config, tree: Node) -> set[str]:
    """Names of the tables and views that the query reads; qualified names lose catalog and namespace.

    Raises InputError for a table of another namespace, or at a version.
    """
    names = set()
    defined = {entry["key"] for node in _nodes(tree) for entry in node.get("cte_map", {}).get("map", ())}
    for node in _nodes(tree):
        if node.get("type") != "BASE_TABLE":
            continue
        if node.get("at_clause"):
            raise InputError(f"sql: a version of a table: DuckDB reads builds (--build); {USE_SPARK}")
        parents = [part for part in (node["catalog_name"], node["schema_name"]) if part]
        if not parents and node["table_name"] in defined:
            continue
        if parents not in ([], [config.catalog.namespace], [config.catalog.name, config.catalog.namespace]):
            raise InputError(
                f"sql: {'.'.join([*parents, node['table_name']])}: DuckDB reads only the tables and views of "
                f"{config.catalog.name}.{config.catalog.namespace}; {USE_SPARK}"
            )
        node.update(catalog_name="", schema_name="", qualified_name={"path": [node["table_name"]]})
        names.add(node["table_name"].lower())
    return names


def column_names(tree: Node, columns: Sequence[str]) -> list[str]:
    """Names of the columns of the result as Spark has them, where that is simple.

    Args:
        columns: The names that DuckDB gives them.
    """
    node = tree["statements"][0]["node"]
    while node["type"] == "SET_OPERATION_NODE":
        node = node["children"][0]
    select = node.get("select_list") or []
    if len(select) != len(columns) or any(item["class"] == "STAR" for item in select):
        return list(columns)
    return [_column_name(item, name) for item, name in zip(select, columns, strict=True)]


def _fault(tree: Node) -> str:
    if tree["error_type"] == "parser":
        return f"{one_line(tree['error_message'])}. If Spark knows this expression, {USE_SPARK}"
    return (
        "only statements that read are allowed (SELECT, WITH, VALUES, EXPLAIN, DESCRIBE, SHOW TABLES); "
        f"tables are changed by the stages alone. For others that read, {USE_SPARK}"
    )


def _nodes(tree: object) -> Iterator[Node]:
    """All nodes of the tree, parents first."""
    if isinstance(tree, dict):
        yield tree
        for child in tree.values():
            yield from _nodes(child)
    elif isinstance(tree, list):
        for child in tree:
            yield from _nodes(child)


def _check(node: Node) -> None:
    """Raise InputError for a node that reads something else than tables, or that the engines compute
    differently. A constant index is changed from Spark's to DuckDB's, which begins with 1.
    """
    kind, name = node.get("type"), node.get("function_name")
    for source in (node.get("from_table"), node.get("left"), node.get("right")):
        if isinstance(source, dict) and "type" in source and "class" not in source:
            _check_source(source)
    if name is not None:
        if name.lower() == "explode":
            node["alias"] = node["alias"] or "col"
        if name.lower() in RENAMED:
            node.update(function_name=RENAMED[name.lower()], qualified_name={"path": [RENAMED[name.lower()]]})
        _check_function(str(name).lower(), [item["expression"] for item in node.get("arguments") or ()])
    elif kind in ("ARRAY_EXTRACT", "ARRAY_SLICE"):
        _shift_index(node)
    elif kind == "OPERATOR_CAST" and _type_name(node) in _WHOLE_NUMBERS and not _is_whole(node["child"]):
        raise InputError(f"sql: CAST to {_type_name(node)}: DuckDB rounds where Spark truncates; {USE_SPARK}")


def _check_source(source: Node) -> None:
    """Raise InputError for an item of a FROM clause that is not a table, a query, or a list of values.

    Columns without a name get the one that they have in Spark.
    """
    if source["type"] not in _SOURCES:
        raise InputError(f"sql: DuckDB does not run this statement here ({source['type']}); {USE_SPARK}")
    if source["type"] == "TABLE_FUNCTION":
        function = source["function"].get("function_name", "")
        if function.lower() not in _TABLE_FUNCTIONS:
            raise InputError(f"sql: table function {function}: only tables and views can be read")
        if function.lower() == "range" and not source["column_name_alias"]:
            source.update(column_name_alias=["id"], alias=source["alias"] or "range")
    if source["type"] == "EXPRESSION_LIST" and not source["expected_names"]:
        source["expected_names"] = [f"col{n}" for n, _ in enumerate(source["values"][0], start=1)]


def _check_function(name: str, arguments: Sequence[Node]) -> None:
    if name in DIFFERENT:
        raise InputError(f"sql: {name}: the result in DuckDB differs from Spark's; {USE_SPARK}")
    if name == "/" and any(_is_decimal(node) for argument in arguments for node in _nodes(argument)):
        raise InputError(
            "sql: division of decimals: Spark's result has other digits; write the number as a double "
            f"(100D in place of 100.0), or {USE_SPARK}"
        )
    if name in ("+", "-") and any(map(_is_date, arguments)) and any(map(_is_interval, arguments)):
        raise InputError(f"sql: a date {name} an interval: a time in DuckDB, a date in Spark; {USE_SPARK}")
    if name.strip("!") in ("~~", "~~*") and any("\\" in _text_of(node) for node in arguments):
        raise InputError(f"sql: LIKE with a backslash: Spark escapes by it, DuckDB does not; {USE_SPARK}")


def _is_interval(node: Node) -> bool:
    return str(node.get("function_name", "")).startswith("to_")


def _is_date(node: Node) -> bool:
    return node.get("type") == "OPERATOR_CAST" and _type_name(node) == "DATE"


def _shift_index(node: Node) -> None:
    index = node["children"][1].get("literal") or {}
    if node["type"] == "ARRAY_EXTRACT" and index.get("kind") == "STRING":
        return  # a field
    if node["type"] == "ARRAY_SLICE" or index.get("kind") != "INTEGER" or int(index["text"]) < 0:
        raise InputError(
            "sql: index of an array: Spark's begins with 0, DuckDB's with 1; use a constant, or "
            f"{USE_SPARK.removeprefix('use ')}"
        )
    index["text"] = str(int(index["text"]) + 1)


def _column_name(column: Node, name: str) -> str:
    if column.get("alias"):
        return str(column["alias"])
    if column["class"] == "COLUMN_REF":
        return str(column["column_names"][-1])
    if column.get("function_name") == "count_star" and column["class"] == "FUNCTION":
        return "count(1)" + name.removeprefix("count_star()")
    if column["type"] == "ARRAY_EXTRACT" and column["children"][0]["class"] == "COLUMN_REF":
        index = column["children"][1].get("literal") or {}
        if index.get("kind") == "INTEGER":
            return f"{column['children'][0]['column_names'][-1]}[{int(index['text']) - 1}]"
    return name.replace('"', "")


def _type_name(node: Node) -> str:
    return str(node["type_expr"].get("type_name", "")).upper()


def _is_decimal(node: Node) -> bool:
    literal = node.get("literal") or {}
    is_number = literal.get("kind") == "NUMERIC" and "e" not in literal["text"].lower()
    return is_number or (node.get("type") == "OPERATOR_CAST" and _type_name(node) in ("DECIMAL", "NUMERIC"))


def _is_whole(node: Node) -> bool:
    """Whether a constant or an expression is whole, or a text; DuckDB writes intervals with `trunc`."""
    kind = (node.get("literal") or {}).get("kind")
    return (
        kind == "INTEGER"
        or (kind == "STRING" and "." not in _text_of(node))
        or (node.get("function_name") == "trunc")
    )


def _text_of(node: Node) -> str:
    literal = node.get("literal") or {}
    return str(literal["text"]) if literal.get("kind") == "STRING" else ""
