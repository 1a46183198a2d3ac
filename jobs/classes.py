"""spark-submit jobs/classes.py --config conf/….yaml: the stage `classes` alone, on the tables as they are published."""

from coinspark.cli.jobs import main

if __name__ == "__main__":
    main("classes")
