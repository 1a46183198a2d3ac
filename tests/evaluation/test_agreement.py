"""Clusters against labels: values by hand, and scikit-learn's."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import adjusted_mutual_info_score

from coinspark.evaluation import agreement
from coinspark.evaluation.agreement import Purity


def test_two_clusters_that_are_the_types() -> None:
    found = agreement.agreement({(1, "a"): 3, (2, "b"): 5}, 1)
    assert found is not None
    assert (found.known, found.labels, found.purity, found.mutual) == (8, 2, 1.0, pytest.approx(1.0))
    assert found.clusters[1].name == "a" and found.clusters[2].share == 1.0


def test_purity_by_hand() -> None:
    found = agreement.agreement({(1, "a"): 3, (1, "b"): 1, (2, "a"): 2, (2, "b"): 2, (2, "c"): 2}, 1)
    assert found is not None
    one, two = found.clusters[1], found.clusters[2]
    assert (one.known, one.share, one.name) == (4, 0.75, "a")
    assert (two.known, two.share, two.name) == (6, pytest.approx(1 / 3), "a")  # even: the first by name
    assert found.purity == pytest.approx((3 + 2) / 10)
    # Each of three a has two others of a beside it and two in cluster 2; the b has none of two: 6 of 3·4 + 1·2.
    assert (one.together, one.scattered) == (pytest.approx(6 / 14), pytest.approx(3 / 9))
    assert two.together == pytest.approx((2 + 2 + 2) / (2 * 4 + 2 * 2 + 2 * 1))


def test_a_cluster_of_many_whole_types_is_told_from_lots() -> None:
    # 40 types of three coins, and one of 40 elsewhere: no type is common in the cluster, and all are whole there.
    counts = {(1, f"t{n:02}"): 3 for n in range(40)} | {(2, "large"): 40}
    found = agreement.agreement(counts, 1)
    assert found is not None
    one = found.clusters[1]
    assert one.share < one.lot and one.together == one.gain == 1.0


def test_clusters_drawn_by_lot_gain_nothing() -> None:
    draw = np.random.default_rng(4)
    types = np.repeat(np.arange(60), draw.integers(2, 12, 60))
    counts: dict[tuple[int, str], int] = {}
    for cluster, name in zip(draw.integers(1, 9, len(types)).tolist(), types.tolist(), strict=True):
        counts[cluster, f"t{name:02}"] = counts.get((cluster, f"t{name:02}"), 0) + 1
    found = agreement.agreement(counts, 1)
    assert found is not None and len(found.clusters) == 8
    assert all(one.gain is not None and abs(one.gain) < 0.15 for one in found.clusters.values())
    assert found.mutual == pytest.approx(0.0, abs=0.02) and found.purity == pytest.approx(found.lot, abs=0.02)


def test_types_of_one_coin_each_tell_nothing() -> None:
    found = agreement.agreement({(1 + n // 6, f"t{n:02}"): 1 for n in range(12)}, 1)
    assert found is not None
    assert found.clusters[1].together is None and found.clusters[1].gain is None


def test_mutual_information_by_hand() -> None:
    # Four coins, clusters {1, 1, 2, 2}, types {a, a, a, b}: MI = 1/2 log(4/3) + 1/4 log(2/3) + 1/4 log 2.
    # b falls into either cluster alike, so that every table with these sums has this MI: it is what chance gives, AMI 0.
    table = np.array([[2, 0], [1, 1]])
    assert agreement.mutual_information(table) == pytest.approx(0.0, abs=1e-9)
    # Six coins, clusters {1, 1, 1, 2, 2, 2}, types {a, a, b, b, b, b}. With a twice in a cluster (6 of 15 ways) the MI is
    # 1/3 log 2 + 1/6 log 1/2 + 1/2 log 3/2 = 0.3182571, with a once in each (9 of 15) it is 0: expected 0.1273028.
    # Entropies log 2 and 1/3 log 3 + 2/3 log 3/2 = 0.6365142; AMI = (0.3182571 - 0.1273028) / (0.6648307 - 0.1273028).
    assert agreement.mutual_information(np.array([[2, 1], [0, 3]])) == pytest.approx(
        0.1909542 / 0.5375278, abs=1e-6
    )


def test_mutual_information_is_that_of_scikit_learn() -> None:
    draw = np.random.default_rng(3)
    types, clusters = draw.integers(0, 9, 400), draw.integers(0, 5, 400)
    clusters[:150] = types[:150] % 5
    table = np.zeros((5, 9), dtype=np.int64)
    np.add.at(table, (clusters, types), 1)
    assert agreement.mutual_information(table) == pytest.approx(
        adjusted_mutual_info_score(types, clusters), abs=1e-12
    )


@pytest.mark.parametrize("counts", [{(1, "a"): 4, (1, "b"): 4}, {(1, "a"): 4, (2, "a"): 4}])
def test_one_cluster_or_one_type_tells_nothing(counts: dict[tuple[int, str], int]) -> None:
    found = agreement.agreement(counts, 1)
    assert found is not None and found.mutual is None


def test_no_label_no_agreement() -> None:
    assert agreement.agreement({}, 1) is None


def test_what_lots_come_to() -> None:
    # Two of {a, a, b, b}: alike in 1 of 3 draws, so that the commonest has 1/3 · 1 + 2/3 · 1/2 of them.
    assert agreement.by_lot([2, 2], 2, 5).max(axis=1).mean() / 2 == pytest.approx(2 / 3, abs=0.06)
    assert (
        agreement.by_lot([3, 1], 4, 5).tolist() == [[3, 1]] * agreement.DRAWS
    )  # all coins: nothing is left to chance
    assert np.array_equal(agreement.by_lot([20, 30], 10, 5), agreement.by_lot([20, 30], 10, 5))


def test_luck_is_how_many_lots_do_as_well() -> None:
    found = agreement.agreement({(1, "a"): 5, (2, "b"): 5}, 1)
    assert (
        found is not None and found.clusters[1].tells and found.clusters[1].luck < 0.03
    )  # 2 of 252 lots are of one type
    found = agreement.agreement({(1, "a"): 3, (1, "b"): 2, (2, "a"): 2, (2, "b"): 3}, 1)
    assert (
        found is not None and found.clusters[1].luck == 1.0 and found.clusters[1].tells is False
    )  # no lot is more even


def test_gain_goes_from_lot_to_the_best_there_is() -> None:
    def gain(
        known: int, share: float, lot: float, together: float | None, scattered: float = 0.2
    ) -> float | None:
        return Purity(known, share, "a", lot, together, scattered, 0.0).gain

    assert gain(10, 0.6, 0.2, 0.2) == pytest.approx(0.5)
    assert gain(10, 0.1, 0.2, 0.1) == pytest.approx(-0.125)
    assert gain(10, 0.2, 0.2, 0.6) == pytest.approx(0.5)  # of no type mostly, and keeps its types together
    assert gain(4, 1.0, 0.2, 1.0) is None  # too few are known
    assert gain(10, 1.0, 1.0, 0.2) is None  # the mint has one type
    assert gain(10, 0.1, 0.1, None) is None  # as many types as coins
    assert gain(10, 0.5, 0.5, 1.0, 1.0) is None  # one cluster


def test_a_purity_tells_by_gain_and_not_by_luck() -> None:
    assert Purity(10, 0.6, "a", 0.2, 0.2, 0.2, 0.05).tells is True
    assert Purity(10, 0.6, "a", 0.2, 0.2, 0.2, 0.06).tells is False
    assert Purity(10, 0.35, "a", 0.2, 0.2, 0.2, 0.0).tells is False
    assert Purity(4, 0.6, "a", 0.2, 0.2, 0.2, 0.0).tells is None
