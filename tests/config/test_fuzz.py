"""Random configurations and overrides: the only outcomes are a configuration or a ConfigError.

The inputs are drawn from a seed, so that a failure repeats.
"""

from __future__ import annotations

import random
from pathlib import Path

import pytest
import yaml

from coinspark.config import Config, load
from coinspark.core.errors import ConfigError

CASES = 1200
SEED = yaml.safe_dump(Config().model_dump(mode="json"))
SCALARS = (
    *(
        "null",
        "true",
        "-1",
        "0",
        "1",
        "2147483648",
        "1e400",
        ".nan",
        "''",
        "~",
        "~nobody-knows",
        "a:b",
        ":",
        ".a:b",
    ),
    *(
        "2023-02-30",
        "2023-01-01",
        "!!int x",
        "!!binary x",
        "!!python/object:os.system {}",
        "0x",
        "1_0",
        "19:99",
    ),
    *(
        '"\\0"',
        '"\\ud800"',
        '"\\n"',
        "*a",
        "&a [1]",
        "'os:getcwd'",
        "mint",
        "clusters",
        "synthetic",
        "{{",
        "é",
    ),
    *(
        "${HOME}",
        "${COINSPARK_NO_SUCH}",
        "${",
        "[" * 40 + "]" * 40,
        "? [a]",
        "<<: {a: 1}",
        "|",
        "> x",
        "- a",
        "# x",
    ),
)


def random_value(draw: random.Random, depth: int = 0) -> str:
    kind = draw.randrange(8 if depth < 3 else 4)
    if kind < 4:
        return draw.choice(SCALARS)
    items = [random_value(draw, depth + 1) for _ in range(draw.randrange(4))]
    if kind < 6:
        return f"[{', '.join(items)}]"
    return f"{{{', '.join(f'{draw.choice(KEYS)}: {item}' for item in items)}}}"


def keys_of(value: object) -> set[str]:
    if not isinstance(value, dict):
        return set()
    return {str(key) for key in value} | {name for item in value.values() for name in keys_of(item)}


def paths_of(value: object, path: str = "") -> list[str]:
    if not isinstance(value, dict):
        return [path]
    return [name for key, item in value.items() for name in paths_of(item, f"{path}.{key}".lstrip("."))]


PATHS = paths_of(Config().model_dump(mode="json"))
KEYS = sorted(
    keys_of(Config().model_dump(mode="json")) | {"kind", "root", "path", "photos", "side", "layout"}
)


def mutate(draw: random.Random, text: str) -> bytes:
    """The text with a few lines, values or bytes replaced, removed or repeated."""
    lines = text.splitlines()
    for _ in range(draw.randrange(1, 4)):
        index = draw.randrange(len(lines))
        key = lines[index].partition(":")[0]
        lines[index : index + 1] = draw.choice(
            (
                [f"{key}: {random_value(draw)}"],
                [f"{key}: {draw.choice(SCALARS)}"],
                [lines[index], lines[index]],
                [],
                [f"{draw.choice(KEYS)}: {random_value(draw)}"],
                [" " * draw.randrange(9) + lines[index].strip()],
            )
        )
    data = bytearray("\n".join(lines).encode("utf-8", "surrogatepass"))
    if draw.random() < 0.2 and data:
        data[draw.randrange(len(data))] = draw.randrange(256)
    return bytes(data)


def check_outcome(files: list[Path], overrides: list[str]) -> bool:
    """Load; True if the configuration is valid. Any exception but ConfigError fails the test."""
    try:
        load(files, overrides)
    except ConfigError as error:
        assert str(error).strip()
        assert all(": " in line for line in str(error).splitlines()), str(error)
        return False
    return True


@pytest.mark.parametrize("seed", range(4))
def test_random_file_gives_a_configuration_or_a_named_fault(tmp_path: Path, seed: int) -> None:
    draw, file = random.Random(seed), tmp_path / "mine.yaml"
    valid = 0
    for _ in range(CASES // 4):
        file.write_bytes(mutate(draw, SEED))
        valid += check_outcome([file], [])
    assert 0 < valid < CASES // 4, "the inputs are neither all valid nor all invalid"


@pytest.mark.parametrize("seed", range(4))
def test_random_override_gives_a_configuration_or_a_named_fault(seed: int) -> None:
    draw = random.Random(seed)
    for _ in range(2 * CASES):
        path = draw.choice((draw.choice(PATHS), ".".join(draw.choices(KEYS, k=draw.randrange(1, 4)))))
        mark = draw.choice(("=", "=", "=", "", "==", ".="))
        overrides = [
            f"{path}{mark}{draw.choice((draw.choice(SCALARS), random_value(draw)))}"
            for _ in range(draw.randrange(1, 3))
        ]
        check_outcome([], overrides)


@pytest.mark.parametrize("seed", range(4))
def test_random_layer_or_source_gives_a_configuration_or_a_named_fault(seed: int) -> None:
    """Sections with a kind are validated by the class of the kind."""
    draw = random.Random(seed)
    kinds = {
        "layers": ("mint", "type", "entities", "clusters"),
        "sources": ("manifest", "published", "folders", "synthetic"),
    }
    for _ in range(CASES // 4):
        section = draw.choice(sorted(kinds))
        keys = [f"{draw.choice(KEYS)}: {random_value(draw, 2)}" for _ in range(draw.randrange(4))]
        kind = draw.choice((*kinds[section], random_value(draw, 3)))
        check_outcome([], [f"{section}=[{{kind: {kind}, {', '.join(keys)}}}]"])
