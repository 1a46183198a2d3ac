"""Motifs of synthetic coins: persons for the obverse, motifs for the reverse, and the words for both.

The texts follow Corpus Nummorum. `{d}` is right or left, `{n}` rechts or links. Each motif has two or three
wordings; the n-th German one translates the n-th English one. Every name in them is in `entity_lists`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from coinspark.synthetic.carving import Part, transform, with_label
from coinspark.synthetic.motifs import animals, figures, objects


@dataclass(frozen=True)
class Person:
    """A head or bust: German genitive, adjective (English; German stem), what it wears (English, German)."""

    genitive: str
    adjective: tuple[str, str]
    wearing: tuple[str, str]
    bust: bool = False


@dataclass(frozen=True)
class Motif:
    """A reverse motif: how it is drawn, the persons it fits, its wordings, and whether it may face left."""

    draw: Callable[[], list[Part]]
    fits: tuple[str, ...]
    english: tuple[str, ...]
    german: tuple[str, ...]
    turns: bool = True


PERSONS: dict[str, Person] = {
    "Athena": Person(
        "der Athena", ("Helmeted", "Behelmt"), ("wearing Corinthian helmet", "mit korinthischem Helm")
    ),
    "Ares": Person("des Ares", ("Bearded", "Bärtig"), ("wearing Attic helmet", "mit attischem Helm")),
    "Zeus": Person("des Zeus", ("Laureate", "Belorbeert"), ("wearing laurel wreath", "mit Lorbeerkranz")),
    "Apollo": Person(
        "des Apollon", ("Laureate", "Belorbeert"), ("wearing laurel wreath", "mit Lorbeerkranz")
    ),
    "Asclepius": Person("des Asklepios", ("Bearded", "Bärtig"), ("wearing taenia", "mit Taenia")),
    "Poseidon": Person("des Poseidon", ("Bearded", "Bärtig"), ("trident behind", "dahinter Dreizack")),
    "Dionysus": Person("des Dionysos", ("Youthful", "Jugendlich"), ("wearing ivy wreath", "mit Efeukranz")),
    "Demeter": Person(
        "der Demeter", ("Veiled", "Verschleiert"),
        ("wearing veil and grain wreath", "mit Schleier und Ährenkranz")
    ),
    "Heracles": Person("des Herakles", ("Youthful", "Jugendlich"), ("wearing lion skin", "mit Löwenfell")),
    "Hermes": Person("des Hermes", ("Youthful", "Jugendlich"), ("wearing petasos", "mit Petasos")),
    "Artemis": Person(
        "der Artemis", ("Diademed", "Diademiert"),
        ("wearing stephane, quiver behind", "mit Stephane, dahinter Köcher")
    ),
    "Helios": Person(
        "des Helios", ("Radiate", "Strahlenbekränzt"), ("wearing radiate crown", "mit Strahlenkrone")
    ),
    "Men": Person(
        "des Men", ("Youthful", "Jugendlich"),
        ("wearing Phrygian cap, crescent behind", "mit phrygischer Mütze, dahinter Mondsichel")
    ),
    "Tyche": Person(
        "der Tyche", ("Turreted", "Verschleiert"),
        ("wearing mural crown and veil", "mit Mauerkrone und Schleier")
    ),
    "Sarapis": Person("des Sarapis", ("Bearded", "Bärtig"), ("wearing kalathos", "mit Kalathos")),
    "Hadrian": Person(
        "des Hadrianus", ("Laureate", "Belorbeert"),
        ("wearing laurel wreath and paludamentum", "mit Lorbeerkranz und Paludamentum"), True
    ),
    "Faustina II": Person("der Faustina II", ("Draped", "Drapiert"), ("wearing mantle", "mit Mantel"), True),
    "Gordian III": Person(
        "des Gordianus III", ("Radiate", "Strahlenbekränzt"),
        ("wearing radiate crown and paludamentum", "mit Strahlenkrone und Paludamentum"), True
    ),
}


def _owl_on_thunderbolt() -> list[Part]:
    return [
        *transform(animals.owl(), 0.86, (0, -0.12)),
        *with_label("thunderbolt", transform(objects.thunderbolt(), 0.62, (0.02, 0.58)))
    ]


def _crescent_and_star() -> list[Part]:
    return [*objects.crescent(), *with_label("star", transform(objects.star(6), 0.42, (0, -0.22)))]


REVERSES: dict[str, Motif] = {
    "owl": Motif(
        _owl_on_thunderbolt, ("Athena", ), (
            "Owl standing {d} on thunderbolt, head facing.", "Owl {d}, head facing, on thunderbolt.",
            "On thunderbolt, owl standing {d}."
        ), (
            "Eule nach {n} auf Blitzbündel stehend, Kopf von vorn.",
            "Eule nach {n}, Kopf von vorn, auf Blitzbündel.", "Auf Blitzbündel nach {n} stehende Eule."
        )
    ),
    "eagle": Motif(
        animals.eagle, ("Zeus", "Sarapis", "Hadrian"),
        ("Eagle standing facing, wings spread, head {d}.", "Eagle with spread wings, head {d}."), (
            "Adler mit ausgebreiteten Flügeln von vorn, Kopf nach {n}.",
            "Adler mit gespreizten Flügeln, Kopf nach {n}."
        )
    ),
    "bull": Motif(
        animals.bull, ("Dionysus", "Poseidon", "Men"),
        ("Bull butting {d}, head lowered.", "Charging bull {d}. Ground line.", "Bull {d} with lowered head."),
        (
            "Stier mit gesenktem Kopf nach {n} stoßend.", "Anstürmender Stier nach {n}. Bodenlinie.",
            "Stier nach {n} mit gesenktem Kopf."
        )
    ),
    "lion": Motif(
        animals.lion, ("Heracles", "Tyche", "Ares"),
        ("Lion walking {d}.", "Lion advancing {d} on ground line."),
        ("Löwe nach {n} schreitend.", "Auf Bodenlinie nach {n} schreitender Löwe.")
    ),
    "horse": Motif(
        animals.horse, ("Poseidon", "Ares"), ("Horse prancing {d}.", "Horse {d}, right foreleg raised."),
        ("Pferd nach {n} tänzelnd.", "Pferd nach {n}, den Vorderlauf erhoben.")
    ),
    "dolphin": Motif(
        animals.dolphin, ("Poseidon", "Apollo"),
        ("Dolphin leaping {d} above waves.", "Dolphin {d}; below, waves."),
        ("Delphin nach {n} über Wellen springend.", "Delphin nach {n}, darunter Wellen.")
    ),
    "serpent": Motif(
        animals.serpent, ("Asclepius", ),
        ("Serpent coiled round staff, head {d}.", "Staff entwined by serpent {d}."),
        ("Um Stab gewundene Schlange, Kopf nach {n}.", "Von Schlange umwundener Stab, nach {n}.")
    ),
    "stag": Motif(
        animals.stag, ("Artemis", ), ("Stag standing {d}.", "Stag {d} on ground line."),
        ("Hirsch nach {n} stehend.", "Hirsch nach {n} auf Bodenlinie.")
    ),
    "bee": Motif(
        animals.bee, ("Artemis", "Demeter"), ("Bee seen from above.", "Bee with spread wings."),
        ("Biene von oben.", "Biene mit ausgebreiteten Flügeln."), False
    ),
    "temple": Motif(
        objects.temple, ("Hadrian", "Faustina II", "Gordian III"),
        ("Tetrastyle temple on three steps, shield in pediment.", "Temple with four columns and pediment."),
        ("Viersäuliger Tempel auf drei Stufen, im Giebel Schild.", "Tempel mit vier Säulen und Giebel."),
        False
    ),
    "altar": Motif(
        objects.altar, ("Zeus", "Faustina II", "Hadrian"),
        ("Lighted and garlanded altar.", "Altar, lighted and garlanded, on ground line."),
        ("Flammender und bekränzter Altar.", "Bekränzter Altar mit Flammen auf Bodenlinie."), False
    ),
    "tripod": Motif(
        objects.tripod, ("Apollo", ), ("Tripod.", "Tripod with bowl and three rings."),
        ("Dreifuß.", "Dreifuß mit Kessel und drei Ringen."), False
    ),
    "ship": Motif(
        objects.ship, ("Tyche", "Poseidon", "Gordian III"),
        ("Galley {d} under sail.", "Ship with sail and oars {d}."),
        ("Galeere unter Segel nach {n}.", "Schiff mit Segel und Rudern nach {n}.")
    ),
    "club": Motif(
        objects.club, ("Heracles", ), ("Upright club.", "Club with knots, handle down."),
        ("Aufrechte Keule.", "Keule mit Astknoten, Griff unten."), False
    ),
    "lyre": Motif(
        objects.lyre, ("Apollo", "Hermes"), ("Lyre.", "Lyre with four strings."),
        ("Lyra.", "Lyra mit vier Saiten."), False
    ),
    "grain ear": Motif(
        objects.grain, ("Demeter", ), ("Grain ear with two leaves.", "Upright grain ear."),
        ("Ähre mit zwei Blättern.", "Aufrechte Ähre."), False
    ),
    "bunch of grapes": Motif(
        objects.grapes, ("Dionysus", ),
        ("Bunch of grapes on vine with leaf and tendril.", "Bunch of grapes."),
        ("Weintraube an Rebe mit Blatt und Ranke.", "Weintraube."), False
    ),
    "star": Motif(
        objects.star, ("Helios", "Men"), ("Star of eight rays.", "Eight-rayed star."),
        ("Stern mit acht Strahlen.", "Achtstrahliger Stern."), False
    ),
    "crescent": Motif(
        _crescent_and_star, ("Men", "Artemis", "Faustina II"),
        ("Crescent; above, star.", "Star within crescent."),
        ("Mondsichel, darüber Stern.", "Stern in Mondsichel."), False
    ),
    "cornucopia": Motif(
        objects.cornucopia, ("Tyche", "Demeter"),
        ("Cornucopia filled with fruits.", "Filled cornucopia, grapes hanging down."),
        ("Mit Früchten gefülltes Füllhorn.", "Gefülltes Füllhorn mit herabhängender Traube.")
    ),
    "caduceus": Motif(
        objects.caduceus, ("Hermes", ), ("Winged caduceus.", "Upright winged caduceus."),
        ("Geflügeltes Kerykeion.", "Aufrechtes geflügeltes Kerykeion."), False
    ),
    "thunderbolt": Motif(
        objects.thunderbolt, ("Zeus", ), ("Winged thunderbolt.", "Thunderbolt."),
        ("Geflügeltes Blitzbündel.", "Blitzbündel."), False
    ),
    "trident": Motif(
        objects.trident, ("Poseidon", ), ("Trident.", "Upright trident."),
        ("Dreizack.", "Aufrechter Dreizack."), False
    ),
    "amphora": Motif(
        objects.amphora, ("Dionysus", ), ("Amphora with two handles.", "Amphora."),
        ("Amphora mit zwei Henkeln.", "Amphora."), False
    ),
    "Nike": Motif(
        figures.nike, ("Athena", "Ares", "Hadrian", "Gordian III"),
        ("Nike advancing {d}, holding wreath and palm branch.", "Nike {d} with wreath and palm branch."), (
            "Nike nach {n} eilend, in den Händen Kranz und Palmzweig.",
            "Nike nach {n} mit Kranz und Palmzweig."
        )
    ),
    "Athena": Motif(
        figures.athena, ("Athena", "Faustina II", "Heracles"), (
            "Athena standing {d}, holding spear, resting hand on shield.",
            "Athena standing {d} with spear and shield."
        ), (
            "Athena nach {n} stehend, den Speer haltend, die Hand auf dem Schild.",
            "Athena nach {n} stehend mit Speer und Schild."
        )
    ),
    "Zeus": Motif(
        figures.zeus, ("Zeus", "Hadrian", "Helios"), (
            "Zeus seated {d} on throne, holding patera and sceptre.",
            "Zeus enthroned {d} with patera and sceptre."
        ), (
            "Zeus auf Thron nach {n} sitzend, Patera und Zepter haltend.",
            "Thronender Zeus nach {n} mit Patera und Zepter."
        )
    ),
    "Asclepius": Motif(
        figures.asclepius, ("Asclepius", "Gordian III"), (
            "Asclepius standing facing, head {d}, leaning on serpent staff.",
            "Asclepius standing {d} with serpent staff."
        ), (
            "Asklepios von vorn, Kopf nach {n}, auf Schlangenstab gestützt.",
            "Asklepios nach {n} stehend mit Schlangenstab."
        )
    ),
    "Tyche": Motif(
        figures.tyche, ("Tyche", "Gordian III", "Faustina II"), (
            "Tyche standing {d}, wearing mural crown, holding rudder and cornucopia.",
            "Tyche standing {d} with rudder and cornucopia."
        ), (
            "Tyche mit Mauerkrone nach {n} stehend, Ruder und Füllhorn haltend.",
            "Tyche nach {n} stehend mit Ruder und Füllhorn."
        )
    ),
    "Apollo": Motif(
        figures.apollo, ("Apollo", "Artemis"),
        ("Apollo standing {d}, holding branch and lyre.", "Nude Apollo standing {d} with lyre and branch."), (
            "Apollon nach {n} stehend, Zweig und Lyra haltend.",
            "Nackter Apollon nach {n} stehend mit Lyra und Zweig."
        )
    ),
    "Dionysus": Motif(
        figures.dionysus, ("Dionysus", ), (
            "Dionysus standing {d}, holding cantharus and thyrsus.",
            "Nude Dionysus standing {d} with cantharus and thyrsus."
        ), (
            "Dionysos nach {n} stehend, Kantharos und Thyrsos haltend.",
            "Nackter Dionysos nach {n} stehend mit Kantharos und Thyrsos."
        )
    ),
    "Heracles": Motif(
        figures.heracles, ("Heracles", "Hadrian"), (
            "Heracles standing {d}, resting on club, lion skin over arm.",
            "Nude Heracles standing {d} with club and lion skin."
        ), (
            "Herakles nach {n} stehend, auf Keule gestützt, Löwenfell über dem Arm.",
            "Nackter Herakles nach {n} stehend mit Keule und Löwenfell."
        )
    ),
    "rider": Motif(
        figures.rider, ("Hadrian", "Men", "Gordian III"),
        ("Rider on prancing horse {d}, holding spear.", "Rider {d} with spear, on horse."),
        ("Reiter auf tänzelndem Pferd nach {n}, Speer haltend.", "Reiter nach {n} mit Speer auf Pferd.")
    ),
}
