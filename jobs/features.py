"""spark-submit jobs/features.py --config FILE: run the stage `features` on the published tables."""

from coinspark.cli.jobs import main

if __name__ == "__main__":
    main("features")
