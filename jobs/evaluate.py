"""spark-submit jobs/evaluate.py --config conf/….yaml: the stage `evaluate` alone, on the tables as they are published."""

from coinspark.cli.jobs import main

if __name__ == "__main__":
    main("evaluate")
