"""The sections of the report, in the order in which the page shows them."""

from coinspark.core.registry import Registry
from coinspark.evaluation.report.section import ReportSection

_HERE = "coinspark.evaluation.report.sections"

SECTIONS: Registry[ReportSection] = Registry(
    "report section",
    {
        "comparison": f"{_HERE}.comparison:SECTION",
        "sizes": f"{_HERE}.sizes:SECTION",
        "confusion": f"{_HERE}.confusion:SECTION",
        "training": f"{_HERE}.training:SECTION",
        "classes": f"{_HERE}.classes:SECTION",
        "clusters": f"{_HERE}.clusters:SECTION",
        "deepcluster": f"{_HERE}.deepcluster:SECTION",
        "splits": f"{_HERE}.splits:SECTION",
        "rejects": f"{_HERE}.rejects:SECTION",
        "provenance": f"{_HERE}.provenance:SECTION",
    },
    "coinspark.evaluation.report.section:ReportSection",
)
