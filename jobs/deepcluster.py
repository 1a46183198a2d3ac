"""spark-submit jobs/deepcluster.py --config conf/….yaml: the stage `deepcluster` alone, on the tables as they are published."""

from coinspark.cli.jobs import main

if __name__ == "__main__":
    main("deepcluster")
