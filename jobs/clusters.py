"""spark-submit jobs/clusters.py --config conf/….yaml: the stage `clusters` alone, on the tables as they are published."""

from coinspark.cli.jobs import main

if __name__ == "__main__":
    main("clusters")
