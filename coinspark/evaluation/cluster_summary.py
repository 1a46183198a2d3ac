"""The clusters of every mint as text, printed by `coinspark clusters`."""

from __future__ import annotations

from collections.abc import Iterable

from coinspark.config import Config
from coinspark.evaluation.cluster_members import Tables, label_counts, read_members
from coinspark.evaluation.cluster_quality import Clustering, clusterings


def render(tables: Tables, config: Config) -> str:
    """Size and purity of every cluster, for a terminal.

    Class names are left out: the table `classes` may still be of earlier clusters.
    """
    layers = config.layers_reading("clusters")
    if not layers:
        return "no layer of clusters is configured"
    mints = clusterings(label_counts(read_members(tables, config)), config)
    lines = []
    for layer in layers:
        own = [clustering for clustering in mints if clustering.layer == layer.name]
        lines.append(f"\nLayer {layer.name}" + ("" if own else ": no mint was clustered"))
        for clustering in own:
            lines += _mint_lines(clustering, layer.min_coins)
    return "\n".join(lines).lstrip("\n")


def _mint_lines(clustering: Clustering, min_size: int) -> Iterable[str]:
    """One mint: its totals, then one line per cluster."""
    number, largest = len(clustering.clusters), clustering.largest_share
    yield f"\n{clustering.mint}: {clustering.coins:,} coins in {number} clusters, the largest {largest:.1%}"
    labels = (("types", clustering.types), (f"layer {clustering.design_layer}", clustering.designs))
    for name, agreement in labels:
        if agreement:
            score = agreement.mutual_information
            mutual = "" if score is None else f", adjusted mutual information {score:z.2f}"
            yield (
                f"  {name}: purity {agreement.purity:.1%} (random {agreement.random_purity:.1%}){mutual}; "
                f"{agreement.labelled:,} coins"
            )
    for cluster in clustering.clusters:
        purities = [purity for purity in (cluster.types, cluster.designs) if purity]
        shares = "; ".join(f"{purity.share:.0%} {purity.label}" for purity in purities)
        too_small = f"fewer than {min_size} coins: stays in its mint" if cluster.coins < min_size else ""
        notes = "  ".join(filter(None, (shares, cluster.verdict, too_small)))
        yield f"  {cluster.number:>4}  {cluster.coins:>6,}  {cluster.share:>6.1%}  {notes}".rstrip()
