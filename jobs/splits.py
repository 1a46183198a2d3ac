"""spark-submit jobs/splits.py --config conf/….yaml: the stage `splits` alone, on the tables as they are published."""

from coinspark.cli.jobs import main

if __name__ == "__main__":
    main("splits")
