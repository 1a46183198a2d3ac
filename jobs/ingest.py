"""spark-submit jobs/ingest.py --config FILE: run the stage `ingest` on the published tables."""

from coinspark.cli.jobs import main

if __name__ == "__main__":
    main("ingest")
