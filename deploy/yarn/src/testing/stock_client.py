"""What people do on the cluster with stock clients, for ``rig.cluster.test.ts``; prints one line of JSON.

python stock_client.py udf sc://…              a UDF, and one that needs what executors do not have
python stock_client.py hdfs HOST PORT FOLDER   reads and writes HDFS without Java
"""

from __future__ import annotations

import json
import os
import sys

import pandas


def udf(url: str) -> dict[str, object]:
    """Says which Python ran a UDF, sums by a pandas UDF, and keeps the error of one that lacks a package."""
    from pyspark.errors import PySparkException
    from pyspark.sql import SparkSession
    from pyspark.sql.functions import pandas_udf
    from pyspark.sql.functions import udf as python_udf

    # The types of functions are parsed by the session that is there when they are defined.
    spark = SparkSession.builder.remote(url).create()

    @python_udf("string")
    def interpreter(_: int) -> str:
        import pyspark
        import ray

        return f"{sys.prefix} {pyspark.__version__} {ray.__version__}"

    @python_udf("string")
    def needs_more(_: int) -> str:
        import a_package_of_the_algorithm

        return a_package_of_the_algorithm.__name__

    @pandas_udf("long")
    def twice(numbers: pandas.Series) -> pandas.Series:
        return numbers * 2

    try:
        numbers = spark.range(0, 100, 1, 2)
        interpreters = sorted({row[0] for row in numbers.select(interpreter("id")).collect()})
        total = numbers.select(twice("id").alias("twice")).agg({"twice": "sum"}).collect()[0][0]
        try:
            numbers.select(needs_more("id")).collect()
            error = ""
        except PySparkException as failure:
            error = str(failure)
    finally:
        spark.stop()
    return {"interpreters": interpreters, "total": total, "error": error}


def hdfs(host: str, port: str, folder: str) -> dict[str, object]:
    """Reads a folder of parquet files, writes its table to a file beside them, and reads that."""
    from hdfs_native.fsspec import HdfsFileSystem
    from pyarrow import dataset, parquet
    from pyarrow.fs import FSSpecHandler, PyFileSystem

    files = PyFileSystem(FSSpecHandler(HdfsFileSystem(host=host, port=int(port))))
    table = dataset.dataset(folder, filesystem=files, format="parquet").to_table()
    copy = f"{folder}-copy.parquet"
    parquet.write_table(table, copy, filesystem=files)
    again = parquet.read_table(copy, filesystem=files)
    files.delete_file(copy)
    return {"rows": table.num_rows, "columns": table.column_names, "same": again.equals(table)}


def main(arguments: list[str]) -> None:
    """Does what the first argument names."""
    work = {"udf": udf, "hdfs": hdfs}[arguments[0]]
    print(json.dumps(work(*arguments[1:])), flush=True)
    # Arrow's threads may still hold Python's file objects when Python ends, which aborts the process.
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
