"""Ray Data on a Spark DataFrame: rows are prepared in Spark, and scored in parts by Ray.

A parameter annotated `ray.data.Dataset` gets the frame in parts, so that it may be larger than any task's memory.

    npx duet run examples/ray-libraries/data.py
"""

import pyarrow as pa
import pyarrow.compute as pc
import ray
from pyspark.sql import SparkSession

spark = SparkSession.builder.getOrCreate()
orders = spark.sql("select id, id % 100 + id % 7 as amount, id % 7 as weekday from range(0, 1000000)")


def score(orders: pa.Table) -> pa.Table:
    """Stands for a model that is applied to a batch."""
    return orders.append_column("score", pc.multiply(orders["amount"], 2))


@ray.remote
def best(orders: ray.data.Dataset) -> pa.Table:
    """The mean score of each weekday."""
    days = orders.map_batches(score, batch_format="pyarrow").groupby("weekday").mean("score")
    return pa.Table.from_pandas(days.to_pandas())


scores = spark.createDataFrame(best.remote(orders))
scores.selectExpr("weekday", "round(`mean(score)`, 2) as score").orderBy("weekday").show()
