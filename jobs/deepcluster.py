"""spark-submit jobs/deepcluster.py --config FILE: run the stage `deepcluster` on the published tables."""

from coinspark.cli.jobs import main

if __name__ == "__main__":
    main("deepcluster")
