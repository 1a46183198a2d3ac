"""What the fuzzy match links rightly, wrongly and not at all, by threshold: `python -m tests.bench.bench_linking`.

On the keepers' own lists (COINSPARK_REAL_DATA), in two ways. Misspellings: the typos that the lists know are taken out of them,
and each is linked against what is left: to its own entry, to another, or not. Strangers: each entry is taken out with all its
forms, and each form of six letters or more that no other entry has is linked against what is left; every link is then wrong.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import replace

from coinspark.entities.lexicon import linking, lists
from coinspark.entities.lexicon.folding import fold
from coinspark.entities.lexicon.lists import Entry
from tests.bench import REAL

THRESHOLDS = (0.75, 0.80, 0.84, linking.THRESHOLD, 0.90, 0.95)
Case = tuple[linking.Index, str, str, Entry]  # what is asked, a form, its language, the entry that it is of


def misspellings(entries: tuple[Entry, ...]) -> Iterator[Case]:
    """The typos of the lists that are no form of anything once the typos are out."""
    right = tuple(
        replace(one, forms=tuple(form for form in one.forms if form[2] != "typo")) for one in entries
    )
    asked = linking.index(lists.resolve(right)[0])
    for one in entries:
        for language, form, origin in one.forms:
            if origin == "typo" and fold(form)[0] not in asked.get((language, one.category), {}):
                yield asked, form, language, one


def strangers(entries: tuple[Entry, ...]) -> Iterator[Case]:
    """The forms of each entry against the lists without it."""
    whole = linking.index(lists.resolve(entries)[0])
    for one in entries:
        left = {
            kind: {folded: form for folded, form in forms.items() if form.name != one.name}
            for kind, forms in whole.items()
        }
        for language, form, origin in one.forms:
            folded = fold(form)[0]
            if origin != "typo" and len(folded) >= 6 and folded not in left.get((language, one.category), {}):
                yield left, form, language, one


def outcomes(cases: Iterable[Case]) -> dict[float, Counter[str]]:
    """Of each threshold: how many forms are linked to their entry (`right`), to another (`wrong`) or to none."""
    counts: dict[float, Counter[str]] = {threshold: Counter() for threshold in THRESHOLDS}
    for asked, form, language, entry in cases:
        for threshold, count in counts.items():
            found = linking.link(asked, form, language, entry.category, threshold)
            count["none" if found is None else "right" if found.name == entry.name else "wrong"] += 1
    return counts


def main() -> None:
    """Print a line a threshold."""
    place = REAL / "designs"
    if not place.is_dir():
        print(f"linking: no real lists at {place}; COINSPARK_REAL_DATA names their folder")
        sys.exit(0)
    entries = lists.read(place)
    typos, others = outcomes(misspellings(entries)), outcomes(strangers(entries))
    print(
        f"linking, {len(entries)} entries: {typos[linking.THRESHOLD].total()} misspellings, "
        f"{others[linking.THRESHOLD].total()} forms of names left out"
    )
    for threshold in THRESHOLDS:
        told = {
            name: f"{typos[threshold][name] / max(1, typos[threshold].total()):.1%}"
            for name in ("right", "wrong", "none")
        }
        print(
            f"  from {threshold:.2f}: misspellings {told['right']} right, {told['wrong']} wrong, {told['none']} not linked; "
            f"strangers {others[threshold]['wrong'] / max(1, others[threshold].total()):.2%} linked"
        )
    count, strange = typos[linking.THRESHOLD], others[linking.THRESHOLD]
    print(
        f"linking: threshold {linking.THRESHOLD}: of {count.total()} misspellings {count['right']} right, {count['wrong']} "
        f"wrong; of {strange.total()} strangers {strange['wrong']} linked"
    )


if __name__ == "__main__":
    main()
