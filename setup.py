"""Package metadata. All exact versions, also of transitive dependencies: deploy/requirements/lock.txt."""

from setuptools import find_packages, setup

setup(
    name="coinspark",
    version="0.1.0",
    description="Nightly Spark pipeline from coin photos and texts to tables, classifiers and a report",
    python_requires=">=3.11,<3.12",
    packages=find_packages(include=["coinspark", "coinspark.*"]),
    package_data={
        "coinspark": ["py.typed", "evaluation/report/templates/*", "evaluation/report/sections/*.html"]
    },
    install_requires=[
        "pyspark==3.5.9",
        "pyarrow==14.0.2",
        "numpy==1.26.4",
        "pandas==2.2.3",
        "pyiceberg==0.8.1",
        "duckdb==2.0.0",
        "petastorm==0.12.1",
        "pydantic==2.14.3",
        "typer==0.29.2",
        "pyyaml==6.0.3",
        "jinja2==3.1.6",
        "pillow==13.0.0",
        "opencv-python-headless==4.11.0.86",
        "pyahocorasick==2.3.1",
        "scikit-learn==1.9.1",
    ],
    # CPU or GPU build of TensorFlow; deploy/setup.sh builds Horovod against the installed one.
    extras_require={
        "cpu": ["tensorflow-cpu==2.15.1"],
        "gpu": ["tensorflow[and-cuda]==2.15.1"],
        "train": ["horovod==0.28.1"],
        "postgresql": ["psycopg[binary]==3.3.9"],  # coinspark sql and status on a catalog in PostgreSQL
    },
    entry_points={"console_scripts": ["coinspark=coinspark.cli.app:main"]},
)
