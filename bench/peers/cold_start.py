"""What people write by hand: a local Spark and its first row; with `--ray`, a model trained in a Ray task too.

Runs in the environment with Apache Spark. Ray comes from Duet's own environment, whose folder is the argument of
`--ray`: both are on the same Python, and nothing else of that environment is used in this process.
"""

import os
import sys

from pyspark.sql import SparkSession

session = SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false").getOrCreate()

if "--ray" not in sys.argv:
    session.sql("select 1 as a").show()
else:
    frame = session.sql(
        "select array(cast(id % 7 as double), cast(id % 11 as double)) as features,"
        " cast(id % 7 + id % 11 > 8 as int) as label from range(0, 1000)"
    ).toPandas()

    packages = sys.argv[sys.argv.index("--ray") + 1]
    sys.path.append(packages)
    os.environ.update(
        {
            "PYTHONPATH": packages,
            "RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0",
            "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "0",
        }
    )
    import ray

    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, _node_ip_address="127.0.0.1")

    @ray.remote
    def train(data):
        import numpy
        from sklearn.naive_bayes import GaussianNB

        features = numpy.stack(data["features"].to_numpy())
        return GaussianNB().fit(features, data["label"]).score(features, data["label"])

    print("score", ray.get(train.remote(ray.put(frame))), flush=True)
    ray.shutdown()
session.stop()
