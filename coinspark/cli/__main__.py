"""`python -m coinspark.cli`: the same as `coinspark`."""

from coinspark.cli.app import main

main()
