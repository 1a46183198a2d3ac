"""What of a configuration may be shown: in `check`, `spark-conf`, reports and messages.

An allowlist decides. Settings of Spark and of the catalog are shown if their name is listed here and their
value has no login; the strings of sections that are not coinspark's own are not shown. In a URI the login and
everything after `?`, `;` or `#` are masked.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from inspect import get_annotations
from typing import Any

from coinspark.config.common import Section
from coinspark.config.root import Config
from coinspark.core.uris import MASK, masked_uri

_CATALOG_PROPERTIES = frozenset(
    {
        "cache-enabled",
        "cache.expiration-interval-ms",
        "catalog-impl",
        "client.region",
        "clients",
        "default-namespace",
        "io-impl",
        "jdbc.busy_timeout",
        "jdbc.init-catalog-tables",
        "jdbc.schema-version",
        "jdbc.synchronous",
        "lock-impl",
        "s3.endpoint",
        "s3.path-style-access",
        "type",
        "uri",
        "warehouse",
    }
)
_SPARK_SETTINGS = re.compile(
    r"""spark\.(
    (driver|executor)\.(cores|memory|memoryOverhead|memoryOverheadFactor|extraClassPath|maxResultSize)
    |driver\.(host|bindAddress|port|blockManager\.port) | blockManager\.port
    |executor\.(instances|heartbeatInterval|pyspark\.memory)
    |(task|executor|driver)\.resource\.gpu\.amount | task\.(cpus|maxFailures) | cores\.max
    |master | jars | default\.parallelism | locality\.wait | network\.timeout | rpc\.askTimeout
    |authenticate | network\.crypto\.enabled | serializer | kryoserializer\.buffer\.max
    |memory\.(fraction|storageFraction) | python\.worker\.(memory|reuse)
    |speculation(\.(interval|multiplier|quantile))?
    |dynamicAllocation\.(enabled|minExecutors|maxExecutors|initialExecutors)
    |ui\.(enabled|port|showConsoleProgress)
    |hadoop\.fs\.(defaultFS|permissions\.umask-mode|s3a\.(endpoint|path\.style\.access|impl|endpoint\.region
        |attempts\.maximum|retry\.(limit|interval)|connection\.(establish\.)?timeout))
    |sql\.(defaultCatalog|extensions|session\.timeZone|ansi\.enabled|codegen\.(wholeStage|cache\.maxEntries)
        |ui\.explainMode
        |shuffle\.partitions|adaptive\.\w+|adaptive\.\w+\.\w+|autoBroadcastJoinThreshold
        |files\.maxPartitionBytes|execution\.arrow\.(pyspark\.enabled|maxRecordsPerBatch)
        |catalog\.\w+)
    )""",
    re.VERBOSE,
)
_LOGIN = re.compile(r"(\w://)[^/\s@]+@")
_SHORT, _LONG = 4, 8  # characters of a secret that is masked, and that is masked within a word
_CATALOG_SETTING = re.compile(r"spark\.sql\.catalog\.\w+\.(.+)")


def visible_settings(config: Config) -> dict[str, Any]:
    """The configuration as plain values, with everything masked that may be a secret."""
    settings: dict[str, Any] = _visible(config, config.model_dump(mode="json"))
    settings["spark"]["conf"] = {key: visible_setting(key, value) for key, value in config.spark.conf.items()}
    settings["catalog"]["properties"] = {
        key: _if_listed(key in _CATALOG_PROPERTIES, value) for key, value in config.catalog.properties.items()
    }
    return settings


def without_secrets(config: Config, text: str) -> str:
    """The text without the values that `visible_settings` masks, such as an error of a database.

    A value of less than four characters stays: it would also mask parts of words.
    """
    text = _LOGIN.sub(rf"\1{MASK}@", text)
    for secret in sorted(_secrets(config.model_dump(mode="json"), visible_settings(config)), key=len)[::-1]:
        whole = re.escape(secret) if len(secret) >= _LONG else rf"(?<!\w){re.escape(secret)}(?!\w)"
        text = re.sub(whole, MASK, text)
    return text


def _secrets(value: Any, visible: Any) -> set[str]:
    """The strings of a value that are masked in its visible form; of a URI its login and its parameters."""
    if isinstance(value, Mapping):
        shown = visible if isinstance(visible, Mapping) else {}
        return set().union(*(_secrets(item, shown.get(key)) for key, item in value.items()))
    if isinstance(value, list):
        items = visible if isinstance(visible, list) else [None] * len(value)
        return set().union(*map(_secrets, value, items))
    if not isinstance(value, str) or value == visible:
        return set()
    parts = [value] if visible == MASK else re.split(r"[:/?&;#@]|\w+=", value.partition("://")[2])
    hidden = {part for part in parts if not isinstance(visible, str) or part not in visible}
    return {part for part in hidden if len(part) >= _SHORT and part not in ("true", "false")}


def visible_setting(key: str, value: str) -> str:
    """The value of a Spark setting, masked if it may be a secret."""
    catalog = _CATALOG_SETTING.fullmatch(key)
    listed = catalog[1] in _CATALOG_PROPERTIES if catalog else bool(_SPARK_SETTINGS.fullmatch(key))
    return _if_listed(listed, value)


def _if_listed(listed: bool, value: str) -> str:
    return masked_uri(value) if listed else MASK


def _visible(value: Any, plain: Any) -> Any:
    """The plain form of a value of the configuration with secrets masked."""
    if isinstance(value, Section):
        return {
            name: _visible(getattr(value, name), item) if _is_known(type(value), name) else _mask(item)
            for name, item in plain.items()
        }
    if isinstance(plain, dict):
        return {key: _visible(value[key], item) for key, item in plain.items()}
    if isinstance(plain, list):
        return [_visible(*pair) for pair in zip(value, plain, strict=True)]
    return masked_uri(plain) if isinstance(plain, str) else plain


def _is_known(section: type[Section], field: str) -> bool:
    """Whether a class of coinspark itself declares this field."""
    declaring = [base for base in section.__mro__ if field in get_annotations(base)]
    return any(base.__module__.startswith("coinspark.") for base in declaring)


def _mask(plain: Any) -> Any:
    """All strings within the value masked."""
    if isinstance(plain, Mapping):
        return {key: _mask(item) for key, item in plain.items()}
    if isinstance(plain, list):
        return [_mask(item) for item in plain]
    return MASK if isinstance(plain, str) else plain
