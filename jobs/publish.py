"""spark-submit jobs/publish.py --config FILE: publish what the stages have built."""

from coinspark.cli.jobs import main

if __name__ == "__main__":
    main("publish")
