"""spark-submit jobs/ingest.py --config conf/….yaml: the stage `ingest` alone, on the tables as they are published."""

from coinspark.cli.jobs import main

if __name__ == "__main__":
    main("ingest")
