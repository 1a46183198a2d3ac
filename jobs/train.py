"""spark-submit jobs/train.py --config conf/….yaml: the stage `train` alone, on the tables as they are published."""

from coinspark.cli.jobs import main

if __name__ == "__main__":
    main("train")
