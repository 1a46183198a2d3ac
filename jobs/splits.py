"""spark-submit jobs/splits.py --config FILE: run the stage `splits` on the published tables."""

from coinspark.cli.jobs import main

if __name__ == "__main__":
    main("splits")
