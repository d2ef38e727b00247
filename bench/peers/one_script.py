"""examples/demo.mlsql by hand: the stock Spark client and Ray, on the same warm engines, with the same SQL and model.

Arguments: Spark's address, Ray's address, a folder to write to. The SQL and the training code are taken from the
example's own files, so that the work is the same; everything around them is what one writes without Duet.
"""

import logging
import pickle
import re
import sys
import time
import types
from pathlib import Path

import pandas
import ray
from pyspark.sql import SparkSession
from pyspark.sql.functions import pandas_udf

spark_address, ray_address, folder = sys.argv[1:]
examples = Path(__file__).parents[2] / "examples"
variables = {"shop": f"{folder}/shop", "as_of": "2025-06-30"}
texts = (examples / "shop-data.mlsql").read_text("utf-8"), (examples / "demo.mlsql").read_text("utf-8")


def without_comments(text):
    return re.sub(r"(?m)^\s*--.*$", "", text)


def filled(sql):
    return re.sub(r"\$\{(\w+)\}", lambda name: variables[name[1]], sql)


selects = {
    name: filled(sql)
    for text in texts
    for sql, name in re.findall(r"(?ms)^((?:select|with)\b.*?)\s+as (\w+);", without_comments(text))
}
training_code = re.search(r"set train_churn='''(.*?)'''", texts[1], re.S)[1]

session = SparkSession.builder.remote(spark_address).getOrCreate()


def view(name):
    session.sql(selects[name]).createOrReplaceTempView(name)


# The data.
for name in ("shop_people", "shop_customers", "shop_orders", "shop_tickets", "shop_outcomes"):
    view(name)
shop = variables["shop"]
session.table("shop_customers").write.mode("overwrite").csv(f"{shop}/customers", header=True)
session.table("shop_orders").write.mode("overwrite").parquet(f"{shop}/orders")
session.table("shop_tickets").write.mode("overwrite").json(f"{shop}/tickets")
session.table("shop_outcomes").write.mode("overwrite").csv(f"{shop}/outcomes", header=True)
session.read.csv(f"{shop}/customers", header=True, inferSchema=True).createOrReplaceTempView("raw_customers")
session.read.parquet(f"{shop}/orders").createOrReplaceTempView("orders")
session.read.json(f"{shop}/tickets").createOrReplaceTempView("tickets")
session.read.csv(f"{shop}/outcomes", header=True).createOrReplaceTempView("outcomes")

# Features.
for name in ("customers", "order_features", "ticket_features", "features", "known", "unknown"):
    view(name)
assert session.table("known").where("not (label in (0, 1) and days_since_order >= 0)").count() == 0

# Two models side by side.
ray.init(address=ray_address, log_to_driver=False, logging_level=logging.ERROR)


@ray.remote
def train(code, parameters, data):
    result = {}
    module = types.ModuleType("mlsql")
    module.fit_param = parameters
    module.to_pandas = lambda: data
    module.report = lambda **metrics: result.update(metrics)
    module.save_model = lambda model, inputs: result.update(model=pickle.dumps(model), inputs=inputs)
    sys.modules["mlsql"] = module
    exec(code, {})
    return result


@ray.remote
def predict(model, inputs, data):
    return data.assign(prediction=pickle.loads(model).predict(data[inputs]))


known = ray.put(session.table("known").toPandas())
groups = ({"algorithm": "svc", "C": "1.0", "rows": "5000"}, {"algorithm": "gaussian-nb"})
results = ray.get([train.remote(training_code, group, known) for group in groups])
for group, result in zip(groups, results, strict=True):
    print(
        group["algorithm"], {name: value for name, value in result.items() if name not in ("model", "inputs")}
    )
best = max(results, key=lambda result: result["score"])
Path(folder, "model.pkl").write_bytes(best["model"])

# Predict, and the model as a function of SQL.
unknown = session.table("unknown").toPandas()
predicted = ray.get(predict.remote(best["model"], best["inputs"], unknown))
predicted.to_parquet(f"{folder}/predicted-by-ray.parquet")
session.read.parquet(f"{folder}/predicted-by-ray.parquet").createOrReplaceTempView("predicted")

pickled, inputs = best["model"], best["inputs"]


@pandas_udf("bigint")
def will_leave(*columns: pandas.Series) -> pandas.Series:
    model = pickle.loads(pickled)
    return pandas.Series(model.predict(pandas.concat(columns, axis=1).set_axis(inputs, axis=1)))


session.udf.register("will_leave", will_leave)
view("silence")
session.table("silence").show()
session.table("predicted").write.mode("overwrite").partitionBy("region").parquet(f"{folder}/predicted")
view("churn_by_region")
session.table("churn_by_region").show()
print("done", time.strftime("%X"))
ray.shutdown()
