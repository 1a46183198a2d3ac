"""Forms that several entries claim are resolved without guessing."""

from __future__ import annotations

from pathlib import Path

from coinspark.entities.lexicon import forms, lists
from tests.entities.lexicon import list_files


def test_collisions_are_resolved_only_without_guessing(tmp_path: Path) -> None:
    folder = list_files.write(
        tmp_path,
        objects=(
            "1,arch,Bogen,,,,,,L1,A\n2,bow,Bogen,,,,,,L2,A\n"
            "3,palm branch,Palmzweig,,,,,,L3,A\n4,sun,Sonne,,,,,,L4,A\n"
        ),
        persons="1,Sol,Sol,,Sun,,L5,,,\n",
        animals=(
            "1,serpent,Schlange,,,,,,Q2102,R\n2,snake,Schlange,,,,,,Q2102,R\n"
            "3,fern,Farn,,palm branch,,,,L6,R\n"
        ),
    )
    listed, collisions = forms.resolve(lists.read(folder))
    assert {(collision.language, collision.form): collision.owner for collision in collisions} == {
        ("de", "Bogen"): None,
        ("de", "Schlange"): "serpent",
        ("en", "palm branch"): "palm branch",
        ("en", "Sun"): "sun",
    }
    owners = {(form.language, form.form): form.name for form in listed}
    assert ("de", "Bogen") not in owners
    assert owners["en", "palm branch"] == "palm branch"
    assert owners["de", "Schlange"] == "serpent"


def test_resolve_does_not_depend_on_the_order_of_entries(tmp_path: Path) -> None:
    objects = "1,arch,Bogen,,,,,,L1,A\n2,bow,Bogen,,,,,,L2,A\n3,owl,Eule,,owls,,,,L3,A\n"
    entries = lists.read(list_files.write(tmp_path, objects=objects))
    names, reversed_names = (
        {(form.form, form.name) for form in forms.resolve(order)[0]} for order in (entries, entries[::-1])
    )
    assert names == reversed_names
    assert ("owls", "owl") in names
