"""The essay's job without RDDs: a Spark DataFrame is an argument of Ray tasks, and their tables are DataFrames again.

npx duet run examples/essay_connect.py [LIBSVM_FILE [OUTPUT]]
"""

import pickle
import sys
from pathlib import Path

import pandas
import pyarrow as pa
import ray
from libsvm_sample import FEATURES, sample
from pyspark.sql import SparkSession

data_path = sys.argv[1] if len(sys.argv) > 1 else sample()
model_path = sys.argv[2] if len(sys.argv) > 2 else str(Path(__file__).parent / "output/essay_connect_models")

spark = SparkSession.builder.appName("essay_connect").getOrCreate()
ray.init()

# libsvm is `label index:value index:value …`. Not every Spark has a reader for it; its SQL reads it as text.
spark.read.text(data_path).createOrReplaceTempView("lines")
samples = spark.sql(f"""
    select cast(substring_index(value, ' ', 1) as double) as label,
           transform(sequence(1, {FEATURES}), i -> coalesce(cast(cells[cast(i as string)] as double), 0D)) as features
    from (select value, str_to_map(substr(value, instr(value, ' ') + 1), ' ', ':') as cells from lines)
""")


@ray.remote
def train(name: str, samples: pandas.DataFrame) -> pa.Table:
    """The rows come as the annotation says. What a task returns as an Arrow table can go back to Spark as it is."""
    from sklearn.naive_bayes import GaussianNB
    from sklearn.svm import SVC

    features = samples["features"].tolist()
    model = {"SVC": SVC, "BAYES": GaussianNB}[name]().fit(features, samples["label"])
    score = model.score(features, samples["label"])
    print(f"{name} fits {score:.1%} of {len(samples)} rows")
    return pa.table({"name": [name], "score": [score], "model": [pickle.dumps(model)]})


@ray.remote
def gather(*tables: pa.Table) -> pa.Table:
    """Ray starts this task when all of its arguments are there."""
    return pa.concat_tables(tables)


# Side by side; Spark hands the rows over once for both.
models = gather.remote(*[train.remote(name, samples) for name in ("SVC", "BAYES")])
spark.createDataFrame(models).write.mode("overwrite").parquet(model_path)

spark.read.parquet(model_path).select("name", "score").orderBy("name").show()
