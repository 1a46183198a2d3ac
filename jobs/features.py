"""spark-submit jobs/features.py --config conf/….yaml: the stage `features` alone, on the tables as they are published."""

from coinspark.cli.jobs import main

if __name__ == "__main__":
    main("features")
