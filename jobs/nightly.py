"""spark-submit jobs/nightly.py --config conf/….yaml: the whole chain, one tag over all tables, one report."""

from coinspark.cli.jobs import main

if __name__ == "__main__":
    main("nightly")
