"""spark-submit jobs/nightly.py --config FILE: run the nightly build."""

from coinspark.cli.jobs import main

if __name__ == "__main__":
    main("nightly")
