"""spark-submit jobs/evaluate.py --config FILE: run the stage `evaluate` on the published tables."""

from coinspark.cli.jobs import main

if __name__ == "__main__":
    main("evaluate")
