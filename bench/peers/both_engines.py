"""An ordinary script that uses both engines a little: what it takes is mostly Python's, Spark's and Ray's own start."""

import ray
from pyspark.sql import SparkSession

spark = SparkSession.builder.appName("bench").getOrCreate()
ray.init()


@ray.remote
def total(rows):
    """Runs in the cluster."""
    return sum(row["id"] for row in rows)


rows = [row.asDict() for row in spark.range(1000).collect()]
print("sum", ray.get(total.remote(rows)))
