"""Agreement of clusters with labels: values by hand, and those of scikit-learn."""

from __future__ import annotations

import numpy as np
import pytest
from sklearn.metrics import adjusted_mutual_info_score

from coinspark.evaluation import agreement
from coinspark.evaluation.agreement import Purity


def test_clusters_that_equal_the_types_agree_fully() -> None:
    result = agreement.agreement({(1, "a"): 3, (2, "b"): 5}, 1)
    assert result is not None
    assert (result.labelled, result.labels, result.purity) == (8, 2, 1.0)
    assert result.mutual_information == pytest.approx(1.0)
    assert result.clusters[1].label == "a" and result.clusters[2].share == 1.0


def test_purity_and_pairwise_recall_by_hand() -> None:
    result = agreement.agreement({(1, "a"): 3, (1, "b"): 1, (2, "a"): 2, (2, "b"): 2, (2, "c"): 2}, 1)
    assert result is not None
    first, second = result.clusters[1], result.clusters[2]
    assert (first.labelled, first.share, first.label) == (4, 0.75, "a")
    assert (second.labelled, second.share, second.label) == (
        6,
        pytest.approx(1 / 3),
        "a",
    )  # tie: first by name
    assert result.purity == pytest.approx((3 + 2) / 10)
    # Each of three a has two more a in its cluster and two in cluster 2; b has none of two: 6 of 3·4 + 1·2.
    assert (first.recall, first.random_recall) == (pytest.approx(6 / 14), pytest.approx(3 / 9))
    assert second.recall == pytest.approx((2 + 2 + 2) / (2 * 4 + 2 * 2 + 2 * 1))


def test_cluster_of_many_small_types_gains_by_pairwise_recall() -> None:
    # 40 types of three coins each, all in the cluster: a low purity, but every pair is together.
    counts = {(1, f"t{n:02}"): 3 for n in range(40)} | {(2, "large"): 40}
    result = agreement.agreement(counts, 1)
    assert result is not None
    cluster = result.clusters[1]
    assert cluster.share < cluster.random_share and cluster.recall == cluster.gain == 1.0


def test_random_clusters_gain_nothing() -> None:
    random = np.random.default_rng(4)
    types = np.repeat(np.arange(60), random.integers(2, 12, 60))
    counts: dict[tuple[int, str], int] = {}
    for cluster, name in zip(random.integers(1, 9, len(types)).tolist(), types.tolist(), strict=True):
        counts[cluster, f"t{name:02}"] = counts.get((cluster, f"t{name:02}"), 0) + 1
    result = agreement.agreement(counts, 1)
    assert result is not None and len(result.clusters) == 8
    gains = [cluster.gain for cluster in result.clusters.values()]
    assert all(gain is not None and abs(gain) < 0.15 for gain in gains)
    assert result.mutual_information == pytest.approx(0.0, abs=0.02)
    assert result.purity == pytest.approx(result.random_purity, abs=0.02)


def test_types_of_one_coin_each_have_no_gain() -> None:
    result = agreement.agreement({(1 + n // 6, f"t{n:02}"): 1 for n in range(12)}, 1)
    assert result is not None
    assert result.clusters[1].recall is None and result.clusters[1].gain is None


def test_mutual_information_by_hand() -> None:
    # Four coins, clusters {1, 1, 2, 2}, types {a, a, a, b}: MI = 1/2 log(4/3) + 1/4 log(2/3) + 1/4 log 2.
    # Every table with these sums has the same MI, wherever b is: it equals the expected MI, so that AMI is 0.
    table = np.array([[2, 0], [1, 1]])
    assert agreement.mutual_information(table) == pytest.approx(0.0, abs=1e-9)
    # Six coins, clusters {1, 1, 1, 2, 2, 2}, types {a, a, b, b, b, b}. With a twice in a cluster
    # (6 of 15 ways) the MI is 1/3 log 2 + 1/6 log 1/2 + 1/2 log 3/2 = 0.3182571, else (9 of 15) it is 0.
    # The expected MI is 0.1273028. Entropies log 2 and 1/3 log 3 + 2/3 log 3/2 = 0.6365142, mean 0.6648307.
    # AMI = (0.3182571 - 0.1273028) / (0.6648307 - 0.1273028).
    assert agreement.mutual_information(np.array([[2, 1], [0, 3]])) == pytest.approx(
        0.1909542 / 0.5375278, abs=1e-6
    )


def test_mutual_information_equals_scikit_learn() -> None:
    random = np.random.default_rng(3)
    types, clusters = random.integers(0, 9, 400), random.integers(0, 5, 400)
    clusters[:150] = types[:150] % 5
    table = np.zeros((5, 9), dtype=np.int64)
    np.add.at(table, (clusters, types), 1)
    assert agreement.mutual_information(table) == pytest.approx(
        adjusted_mutual_info_score(types, clusters), abs=1e-12
    )


@pytest.mark.parametrize("counts", [{(1, "a"): 4, (1, "b"): 4}, {(1, "a"): 4, (2, "a"): 4}])
def test_one_cluster_or_one_type_has_no_mutual_information(counts: dict[tuple[int, str], int]) -> None:
    result = agreement.agreement(counts, 1)
    assert result is not None and result.mutual_information is None


def test_without_labels_there_is_no_agreement() -> None:
    assert agreement.agreement({}, 1) is None


def test_random_draws_have_the_expected_mean_and_depend_on_the_seed() -> None:
    # Two of {a, a, b, b} are equal in 1 of 3 draws: expected purity 1/3 · 1 + 2/3 · 1/2.
    assert agreement.random_draws([2, 2], 2, 5).max(axis=1).mean() / 2 == pytest.approx(2 / 3, abs=0.06)
    every_coin = agreement.random_draws([3, 1], 4, 5)
    assert every_coin.tolist() == [[3, 1]] * agreement.RANDOM_DRAWS
    draws = agreement.random_draws([20, 30], 10, 5)
    assert np.array_equal(draws, agreement.random_draws([20, 30], 10, 5))
    assert not np.array_equal(draws, agreement.random_draws([20, 30], 10, 6))


def test_p_value_is_the_share_of_random_draws_with_at_least_this_gain() -> None:
    pure = agreement.agreement({(1, "a"): 5, (2, "b"): 5}, 1)
    assert pure is not None and pure.clusters[1].beats_chance
    assert pure.clusters[1].p_value < 0.03  # 2 of 252 draws have one type
    mixed = agreement.agreement({(1, "a"): 3, (1, "b"): 2, (2, "a"): 2, (2, "b"): 3}, 1)
    assert mixed is not None and mixed.clusters[1].beats_chance is False
    assert mixed.clusters[1].p_value == 1.0  # no draw is more even


def test_gain_is_zero_for_random_and_one_for_the_best_value() -> None:
    def gain(
        labelled: int, share: float, random_share: float, recall: float | None, random_recall: float = 0.2
    ) -> float | None:
        return Purity(labelled, share, "a", random_share, recall, random_recall, 0.0).gain

    assert gain(10, 0.6, 0.2, 0.2) == pytest.approx(0.5)
    assert gain(10, 0.1, 0.2, 0.1) == pytest.approx(-0.125)
    assert gain(10, 0.2, 0.2, 0.6) == pytest.approx(0.5)  # low purity, high pairwise recall
    assert gain(4, 1.0, 0.2, 1.0) is None  # too few labelled coins
    assert gain(10, 1.0, 1.0, 0.2) is None  # one type in the mint
    assert gain(10, 0.1, 0.1, None) is None  # as many types as coins
    assert gain(10, 0.5, 0.5, 1.0, 1.0) is None  # one cluster


def test_beats_chance_needs_gain_and_a_small_p_value() -> None:
    assert Purity(10, 0.6, "a", 0.2, 0.2, 0.2, 0.05).beats_chance is True
    assert Purity(10, 0.6, "a", 0.2, 0.2, 0.2, 0.06).beats_chance is False
    assert Purity(10, 0.35, "a", 0.2, 0.2, 0.2, 0.0).beats_chance is False
    assert Purity(4, 0.6, "a", 0.2, 0.2, 0.2, 0.0).beats_chance is None
