"""The peers of the hand-over, on the same engines: from a Spark table to one Ray task that holds all of its rows.

Arguments: Spark's address, Ray's address. Each line of standard input asks for one way and is answered with seconds.
"""

import json
import logging
import os
import shutil
import sys
import time

import pyarrow
import pyarrow.parquet as pq
import ray
from pyspark.sql import SparkSession

session = SparkSession.builder.remote(sys.argv[1]).getOrCreate()
ray.init(address=sys.argv[2], log_to_driver=False, logging_level=logging.ERROR)
ray.data.DataContext.get_current().enable_progress_bars = False
logging.getLogger("ray.data").setLevel(logging.ERROR)


@ray.remote
def rows_of(table):
    return len(table)


@ray.remote
def rows_of_all(*tables):
    return pyarrow.concat_tables(tables).num_rows


def to_pandas(frame, folder):
    return ray.get(rows_of.remote(ray.put(frame.toPandas())))


def ray_data(frame, folder):
    frame.write.parquet(folder)
    return ray.get(rows_of_all.remote(*ray.data.read_parquet(folder).to_arrow_refs()))


def limit(frame, folder):
    frame.write.parquet(folder)
    return pq.read_table(folder).num_rows


def make(rows, folder):
    """Ten columns of usual kinds, as parquet."""
    session.range(0, rows, 1, 4).createOrReplaceTempView("numbers")
    session.sql(
        """
        select id, pmod(id * 7919, 1000003) as a, pmod(id * 31, 977) as b, pmod(id, 86400) as c,
          pmod(xxhash64(id), 1000000) / 1e6 as x, sin(cast(id as double)) as y, cast(id as double) / 3 as z,
          concat('customer-', cast(pmod(id * 7919, 20000) as string)) as name,
          element_at(array('north', 'south', 'east', 'west', 'centre'), cast(1 + pmod(id, 5) as int)) as region,
          timestamp_seconds(1700000000 + id) as at
        from numbers"""
    ).write.mode("overwrite").parquet(folder)


print("{}", flush=True)
for line in sys.stdin:
    request = json.loads(line)
    folder = request.get("folder", "")
    if request["way"] == "make":
        make(request["rows"], folder)
        answer = {}
    else:
        frame = session.read.parquet(request["source"])
        # Ray keeps two idle workers, and ends ours when Duet's tasks need some: each turn begins with living ones.
        ray.get([rows_of_all.remote(pyarrow.table({"a": [1]})) for _ in range(2)])
        start = time.perf_counter()
        rows = {"toPandas": to_pandas, "Ray Data": ray_data, "limit": limit}[request["way"]](frame, folder)
        answer = {"seconds": time.perf_counter() - start, "rows": rows}
        shutil.rmtree(folder, ignore_errors=True)
    print(json.dumps(answer), flush=True)
ray.shutdown()
os._exit(0)
