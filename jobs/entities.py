"""spark-submit jobs/entities.py --config FILE: run the stage `entities` on the published tables."""

from coinspark.cli.jobs import main

if __name__ == "__main__":
    main("entities")
