"""spark-submit jobs/train.py --config FILE: run the stage `train` on the published tables."""

from coinspark.cli.jobs import main

if __name__ == "__main__":
    main("train")
