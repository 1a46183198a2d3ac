"""spark-submit jobs/classes.py --config FILE: run the stage `classes` on the published tables."""

from coinspark.cli.jobs import main

if __name__ == "__main__":
    main("classes")
