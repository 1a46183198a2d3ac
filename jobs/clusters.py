"""spark-submit jobs/clusters.py --config FILE: run the stage `clusters` on the published tables."""

from coinspark.cli.jobs import main

if __name__ == "__main__":
    main("clusters")
