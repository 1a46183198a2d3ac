"""Entity lists of the synthetic coins in the format of Corpus Nummorum, with NULL cells and stray blanks.

A row is (English, German, English alternatives, German alternatives, English typos, German typos, classes
from general to specific). Lists of persons have one column each for alternatives and typos, as in Corpus
Nummorum. A dash is NULL.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Sequence

Row = tuple[str, str, str, str, str, str, str]

PERSONS: tuple[Row, ...] = (
    ("Apollo", "Apollon", "Phoebus", "", "Appollo, Apolo", "", "Male Deities Greek"),
    ("Ares", "Ares", "-", "", "-", "", "Male Deities Greek"),
    ("Artemis", "Artemis", "-", "", "Artemsi", "", "Female Deities Greek"),
    ("Asclepius", "Asklepios", " Asklepius,  Aesculapius", "", "Ascelpius", "", "Male Deities Greek"),
    ("Athena", "Athena", "Athene", "", "Ahtena", "", "Female Deities Greek"),
    ("Caracalla", "Caracalla", "-", "", "-", "", "Male Human Emperor"),
    ("Demeter", "Demeter", "-", "", "Demetre", "", "Female Deities Greek"),
    ("Dionysus", "Dionysos", "Bacchus", "", " Dionsyus, Dionysus'", "", "Male Deities Greek"),
    ("Faustina I", "Faustina I", " Faustina I.,  Faustina the Elder", "", "-", "", "Female Human Empress"),
    (
        "Faustina II",
        "Faustina II",
        " Faustina II., Faustina the Younger",
        "",
        "Fausitna II",
        "",
        "Female Human Empress",
    ),
    ("Gordian III", "Gordianus III", "Gordian III., Gordianus III.", "", "-", "", "Male Human Emperor"),
    ("Hadrian", "Hadrianus", "-", "", "Hardian", "", "Male Human Emperor"),
    ("Helios", "Helios", " Sol", "", "-", "", "Male Deities Greek"),
    ("Heracles", "Herakles", " Hercules ", "", "Hercales", "", "Male MythologicalFigures Greek"),
    ("Hermes", "Hermes", "-", "", "-", "", "Male Deities Greek"),
    ("Men", "Men", "Mên", "", "-", "", "Male Deities Phrygian"),
    ("Nike", "Nike", "-", "", "-", "", "Female Deities Greek Personification"),
    ("Poseidon", "Poseidon", "-", "", "Poesidon", "", "Male Deities Greek"),
    ("Sarapis", "Sarapis", "Serapis", "", "-", "", "Male Deities Egyptian"),
    ("Tyche", "Tyche", "-", "", "Tcyhe", "", "Female Deities Greek Personification"),
    ("Zeus", "Zeus", "-", "", "Zues", "", "Male Deities Greek"),
    ("rider", "Reiter", " horseman,  riders", "", "-", "", "Male Human"),
)
OBJECTS: tuple[Row, ...] = (
    ("Attic helmet", "attischer Helm", "-", " attischem Helm", "-", "-", "Clothing Armour Helmet"),
    (
        "Corinthian helmet",
        "korinthischer Helm",
        "Corinthian helmets",
        " korinthischem Helm",
        "Corintian helmet",
        "-",
        "Clothing Armour Helmet",
    ),
    ("Phrygian cap", "phrygische Mütze", "-", " phrygischer Mütze", "-", "-", "Clothing Headgear -"),
    ("altar", "Altar", "altars", "Altäre", "-", "-", "Architecture - -"),
    ("amphora", "Amphora", " amphorae", "Amphore, Amphoren", "-", "-", "Vessel - -"),
    ("bust", "Brustbild", "busts", "Büste", "-", "-", "BodyPart - -"),
    ("caduceus", "Kerykeion", " kerykeion, caducei", "Heroldsstab", "-", "Kerkyeion", "Attribute - -"),
    ("cantharus", "Kantharos", " kantharos", "", "-", "-", "Vessel - -"),
    ("club", "Keule", "clubs", "Keulen", "-", "-", "Weapon - -"),
    ("column", "Säule", "columns", "Säulen", "-", "-", "Architecture - -"),
    (
        "cornucopia",
        "Füllhorn",
        " cornucopiae,  horn of plenty",
        "Füllhörner",
        "cornucopa",
        "-",
        "Attribute - -",
    ),
    ("crescent", "Mondsichel", "crescents", "", "-", "-", "CelestialBody - -"),
    ("grain wreath", "Ährenkranz", "-", "-", "-", "-", "Ornaments Wreath -"),
    ("head", "Kopf", "heads", "Köpfe", "-", "-", "BodyPart - -"),
    ("helmet", "Helm", "helmets", "Helme", "-", "-", "Clothing Armour Helmet"),
    ("ivy wreath", "Efeukranz", "-", "-", "-", "-", "Ornaments Wreath -"),
    ("kalathos", "Kalathos", "calathus", "", "-", "-", "Clothing Headgear -"),
    (
        "laurel wreath",
        "Lorbeerkranz",
        "laurel wreaths",
        " Lorbeerkränze",
        "laural wreath",
        "-",
        "Ornaments Wreath -",
    ),
    ("lion skin", "Löwenfell", "lion's skin", "-", "-", "-", "Clothing - -"),
    ("lyre", "Lyra", "lyres", " Leier", "-", "-", "Instrument - -"),
    ("mantle", "Mantel", "-", "-", "-", "-", "Clothing - -"),
    ("mural crown", "Mauerkrone", "turreted crown", "-", "-", "-", "Ornaments Crown -"),
    ("paludamentum", "Paludamentum", "-", "-", "paludamentun", "-", "Clothing Armour -"),
    ("patera", "Patera", " phiale, paterae", "Phiale", "-", "-", "Vessel - -"),
    ("petasos", "Petasos", "petasus", "", "-", "-", "Clothing Headgear -"),
    ("quiver", "Köcher", "-", "-", "-", "-", "Weapon - -"),
    ("radiate crown", "Strahlenkrone", "-", "-", "-", "-", "Ornaments Crown -"),
    ("rudder", "Ruder", "rudders", "Rudern", "-", "-", "NauticalObject Ship ShipPart"),
    ("sail", "Segel", "sails", "-", "-", "-", "NauticalObject Ship ShipPart"),
    ("sceptre", "Zepter", " scepter, sceptres", "Szepter", "-", "-", "Attribute - -"),
    ("serpent staff", "Schlangenstab", "serpent-staff", "-", "-", "-", "Attribute - -"),
    ("shield", "Schild", "shields", "Schilde", "-", "-", "Clothing Armour -"),
    ("ship", "Schiff", " galley, ships", " Galeere, Schiffe", "-", "-", "NauticalObject Ship -"),
    ("spear", "Speer", "spears", " Lanze", "-", "-", "Weapon - -"),
    ("staff", "Stab", "-", "-", "-", "-", "Attribute - -"),
    ("star", "Stern", "stars", "Sterne", "-", "-", "CelestialBody - -"),
    ("stephane", "Stephane", "-", "-", "-", "-", "Ornaments Crown -"),
    ("taenia", "Taenia", "tainia", "Tänie", "-", "-", "Ornaments - -"),
    ("temple", "Tempel", "temples", "-", "-", "-", "Architecture - -"),
    ("throne", "Thron", "thrones", "-", "-", "-", "Furniture - -"),
    ("thunderbolt", "Blitzbündel", " fulmen,  thunderbolts", "Blitz", "thunderblot", "-", "Attribute - -"),
    ("thyrsus", "Thyrsos", "thyrsos", "", "-", "-", "Attribute - -"),
    ("trident", "Dreizack", "-", "-", "-", "-", "Weapon - -"),
    ("tripod", "Dreifuß", "tripods", " Dreifuss", "-", "-", "Furniture - -"),
    ("veil", "Schleier", "-", "-", "-", "-", "Clothing - -"),
    ("wreath", "Kranz", "wreaths", "Kränze", "-", "-", "Ornaments Wreath -"),
)
ANIMALS: tuple[Row, ...] = (
    ("bee", "Biene", "bees", "", "-", "-", "Insect -"),
    ("bull", "Stier", "bulls", "Stiere", "-", "-", "Mammal -"),
    ("dolphin", "Delphin", " dolphins", "Delfin", "dophin", "-", "Mammal -"),
    ("eagle", "Adler", "eagles", "-", "eagel", "-", "Bird -"),
    ("griffin", "Greif", " griffins, gryphon", "Greifen", "-", "-", "MythologicalCreature -"),
    ("horse", "Pferd", "horses", "Pferde", "-", "-", "Mammal -"),
    ("lion", "Löwe", "lions", " Löwen", "-", "-", "Mammal -"),
    ("owl", "Eule", "owls", "Eulen", "-", "-", "Bird -"),
    ("serpent", "Schlange", " snake,  serpents, snakes", "Schlangen", "-", "Schalnge", "Reptile -"),
    ("stag", "Hirsch", "stags", "", "-", "-", "Mammal -"),
)
PLANTS: tuple[Row, ...] = (
    ("branch", "Zweig", "branches", "Zweige", "-", "-", "Branches PlantsParts"),
    (
        "bunch of grapes",
        "Weintraube",
        " grapes,  bunches of grapes, grape",
        "Traube, Weintrauben",
        "-",
        "-",
        "Fruit -",
    ),
    (
        "grain ear",
        "Ähre",
        " ear of grain, grain ears, ears of grain",
        "Ähren, Kornähre",
        "-",
        "-",
        "Cereal-Grain -",
    ),
    ("palm branch", "Palmzweig", "palm branches", "Palmzweige", "-", "-", "Branches PlantsParts"),
    ("vine", "Rebe", "vines", "Weinrebe", "-", "-", "Vine -"),
)


def files() -> dict[str, str]:
    """File name → CSV text of each list."""
    return {
        "list_person.csv": _person_list(),
        "list_obj.csv": _object_list(OBJECTS, 3),
        "list_animal.csv": _object_list(ANIMALS, 2),
        "list_plant.csv": _object_list(PLANTS, 2),
    }


def forms() -> set[str]:
    """Every form of every name in both languages, as a matcher of these lists finds it."""
    cells = [cell for row in (*PERSONS, *OBJECTS, *ANIMALS, *PLANTS) for cell in row[:6]]
    return {form.strip() for cell in cells for form in cell.split(",")} - {"", "-"}


def variants(english: str) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Alternative spellings and typos of a person; both empty if the name is not that of a person."""
    for row in PERSONS:
        if row[0] == english:
            alternatives, typos = (
                [form.strip() for form in cell.split(",")] if cell not in ("", "-") else []
                for cell in (row[2], row[4])
            )
            return tuple(alternatives), tuple(typos)
    return (), ()


def _person_list() -> str:
    header = (
        "id",
        "name",
        "name_german",
        "description",
        "alternativenames",
        "typos",
        "link",
        "related",
        "cnt_PersonID",
        "Cat_I",
        "Cat_II",
        "Cat_III",
        "Cat_IV",
        "Cat_V",
    )
    rows = [
        (
            str(n),
            row[0],
            row[1],
            "synthetic",
            _null(row[2]),
            _null(row[4]),
            _link("person", row[0]),
            "NULL",
            "NULL",
            *_classes(row[6], 5),
        )
        for n, row in enumerate(PERSONS, start=1)
    ]
    return _csv(header, rows)


def _object_list(table: tuple[Row, ...], classes: int) -> str:
    header = (
        "id",
        "name_en",
        "name_ger",
        "description",
        "alternativenames_en",
        "alternativenames_ger",
        "typos_en",
        "typos_ger",
        "link",
        *("Cat_I", "Cat_II", "Cat_III")[:classes],
    )
    rows = [
        (
            str(n),
            row[0],
            row[1],
            "NULL",
            *(_null(cell) for cell in row[2:6]),
            _link("thing", row[0]),
            *_classes(row[6], classes),
        )
        for n, row in enumerate(table, start=1)
    ]
    return _csv(header, rows)


def _null(cell: str) -> str:
    return "NULL" if cell == "-" else cell


def _link(kind: str, name: str) -> str:
    """A link that refers to no real thesaurus."""
    return f"https://example.org/{kind}/{name.replace(' ', '_')}"


def _classes(text: str, count: int) -> list[str]:
    classes = [_null(word) for word in text.split()]
    return (classes + ["NULL"] * count)[:count]


def _csv(header: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows([header, *rows])
    return text.getvalue()
