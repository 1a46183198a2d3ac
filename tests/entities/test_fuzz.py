"""Random entity lists, verdicts and designs: the only outcomes are a result or an InputError of one line.

The inputs are drawn from a seed, so that a failure repeats.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import pytest

from coinspark.config import Config
from coinspark.core.errors import InputError
from coinspark.entities.lexicon import forms, lists
from coinspark.entities.ner import recognisers
from coinspark.entities.review import verdicts

CASES = 300
LIST = (
    "id,name_en,name_ger,alternativenames_en,alternativenames_ger,typos_en,typos_ger,link,Cat_I\n"
    '1,owl,Eule,"owls, little owl",NULL,,,https://example.org/owl,bird\n2,bow,Bogen,,,,,,\n'
)
VERDICTS = (
    "verdict,name,category,language,texts,canonical,nearest,examples\n"
    'accept,Nike,PERSON,en,3,Victoria,"Niobe (0.50); Nestor (0.40)","[Nike] left. | a ""b"""\n'
    "refuse,Löwe,ANIMAL,de,1,,,\n,Pan,PERSON,en,1,,,\n"
)
DESIGNS = "text_en,text_de\nNike standing left.,Nike nach links stehend.\n"
PIECES = (
    *(b"\0", b"\r", b"\n", b'"', b",", b";", b"\t", b"\xff\xfe", b"\xef\xbb\xbf", b"\xfc", b"\xed\xa0\x80"),
    *(b"sep=;\n", b"=1+1", b"'", b"NULL", b"perhaps", b" ", b"\x1b[2J", "\u202e".encode(), b"x" * 200_000),
)


def mutate(draw: random.Random, text: str) -> bytes:
    """The text in some encoding, with a few pieces inserted, removed or repeated."""
    encoding = draw.choice(("utf-8", "utf-8", "utf-8-sig", "utf-16", "utf-16-be", "cp1252", "mac-roman"))
    separator = draw.choice((",", ",", ";", "\t"))
    data = bytearray(text.replace(",", separator).encode(encoding))
    for _ in range(draw.randrange(4)):
        start = draw.randrange(len(data) + 1)
        end = min(len(data), start + draw.choice((0, 0, 1, 2, 20, 200)))
        data[start:end] = draw.choice((draw.choice(PIECES), draw.randbytes(2), bytes(data[start:end] * 2)))
    return bytes(data)


def read_list(file: Path) -> object:
    return forms.resolve(lists.read(file.parent))


def read_designs(file: Path) -> object:
    config = Config.model_validate({"entities": {"recogniser": {"designs": str(file)}}})
    return recognisers.training_texts(config, ())


@pytest.mark.parametrize(
    ("name", "text", "read"),
    [
        ("list_obj.csv", LIST, read_list),
        ("list_person.csv", LIST, read_list),
        ("verdicts.csv", VERDICTS, verdicts.read),
        ("designs.csv", DESIGNS, read_designs),
    ],
)
@pytest.mark.parametrize("seed", range(2))
def test_random_file_gives_a_result_or_one_line(
    tmp_path: Path, name: str, text: str, read: Callable[[Path], object], seed: int
) -> None:
    draw, file, results = random.Random(seed), tmp_path / name, 0
    for _ in range(CASES // 2):
        file.write_bytes(mutate(draw, text))
        try:
            read(file)
            results += 1
        except InputError as error:
            assert name in str(error) and "\n" not in str(error), repr(str(error))
    assert 0 < results < CASES // 2, "the inputs are neither all valid nor all invalid"
