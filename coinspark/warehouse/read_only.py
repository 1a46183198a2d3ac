"""Check that an SQL statement only reads, by the plan that Spark's parser makes of it.

The plan may contain only the nodes that are listed here. Everything else is refused: all statements that
write, in any position (`WITH … DELETE`, `EXPLAIN INSERT`), procedures, settings, jars, caches, and programs
(`TRANSFORM … USING`), including those that a later Spark adds.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

from coinspark.core.errors import InputError
from coinspark.core.formatting import one_line

_QUERY = frozenset(
    [
        "Aggregate",
        "Distinct",
        "Except",
        "Filter",
        "Generate",
        "GlobalLimit",
        "Intersect",
        "Join",
        "LateralJoin",
        "LocalLimit",
        "LocalRelation",
        "Offset",
        "OneRowRelation",
        "Pivot",
        "Project",
        "RelationTimeTravel",
        "RepartitionByExpression",
        "Sample",
        "Sort",
        "SubqueryAlias",
        "Union",
        "UnresolvedHaving",
        "UnresolvedHint",
        "UnresolvedInlineTable",
        "UnresolvedRelation",
        "UnresolvedSubqueryColumnAliases",
        "UnresolvedTVFAliases",
        "UnresolvedTableValuedFunction",
        "UnresolvedWith",
        "Unpivot",
        "WithWindowDefinition",
    ]
)
_INSPECTION = frozenset(
    [
        "DescribeColumn",
        "DescribeFunction",
        "DescribeNamespace",
        "DescribeQueryCommand",
        "DescribeRelation",
        "ExplainCommand",
        "ResolvedNamespace",
        "ShowCatalogsCommand",
        "ShowColumns",
        "ShowCreateTable",
        "ShowCurrentNamespaceCommand",
        "ShowFunctions",
        "ShowIcebergViews",
        "ShowNamespaces",
        "ShowPartitions",
        "ShowTableExtended",
        "ShowTableProperties",
        "ShowTables",
        "ShowViews",
        "UnresolvedFunctionName",
        "UnresolvedNamespace",
        "UnresolvedTable",
        "UnresolvedTableOrView",
        "UnresolvedView",
    ]
)
_RELATIONS = ("UnresolvedRelation", "UnresolvedTable", "UnresolvedTableOrView", "UnresolvedView")
_TABLE = re.compile(r"[\w.-]+")
"""Names of tables and views. Others are files: csv.`/etc/passwd`."""
_NESTED = {"ExplainCommand": "logicalPlan", "DescribeQueryCommand": "plan", "RelationTimeTravel": "relation"}
"""Nodes with a plan that is not among their children: the method that returns it."""


def check_reads(plan: Any) -> None:
    """Raise InputError unless the parsed plan (a `LogicalPlan` of the JVM) only reads."""
    for node in _nodes(plan):
        if (name := _name(node)) not in _QUERY | _INSPECTION:
            raise InputError(
                f"sql: only statements that read are allowed (SELECT, VALUES, SHOW, DESCRIBE, EXPLAIN), "
                f"found {name}; tables are changed by the stages alone"
            )
        if name in _RELATIONS and not _TABLE.fullmatch(parts := node.multipartIdentifier().mkString(".")):
            raise InputError(f"sql: {one_line(parts, 150)}: only tables and views can be read")


def explained_plan(plan: Any) -> Any:
    """The plan that an EXPLAIN statement explains; None for another statement."""
    return plan.logicalPlan() if _name(plan) == "ExplainCommand" else None


def _nodes(plan: Any) -> Iterator[Any]:
    """The plan and all plans within it: its operands, common table expressions and subqueries."""
    yield plan
    if accessor := _NESTED.get(_name(plan)):
        yield from _nodes(getattr(plan, accessor)())
    for children in (plan.children(), plan.innerChildren()):
        iterator = children.iterator()
        while iterator.hasNext():
            yield from _nodes(iterator.next())


def _name(node: Any) -> str:
    return str(node.getClass().getSimpleName()).rstrip("$")
