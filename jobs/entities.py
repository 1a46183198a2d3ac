"""spark-submit jobs/entities.py --config conf/….yaml: the stage `entities` alone, on the tables as they are published."""

from coinspark.cli.jobs import main

if __name__ == "__main__":
    main("entities")
