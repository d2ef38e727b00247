"""The essay's PySpark sample: Spark reads the data, its executors have two models trained side by side on Ray.

    npx duet run examples/essay.py [LIBSVM_FILE [OUTPUT]]

The script is left as it was meant. Where it could not run, a comment that begins with `Corrected` says why.
"""

import codecs
import pickle
import sys
from pathlib import Path

import ray
from libsvm_sample import sample
from pyspark.sql import SparkSession

# Corrected: `from sklearn.externals import joblib` stood here. scikit-learn has no such module any more, joblib was
# never used, and scikit-learn itself is needed where the training runs, in Ray, not here and not in the executors.

spark = SparkSession.builder.master("local[*]").appName("essay").getOrCreate()

# Corrected: both paths were those of the author's machine.
data_path = sys.argv[1] if len(sys.argv) > 1 else sample()
model_path = sys.argv[2] if len(sys.argv) > 2 else str(Path(__file__).parent / "output/essay_models")

# Read the data and broadcast it to the executors.
# Corrected: the rows were broadcast as Spark's sparse vectors. The models want dense numbers, and Ray's Python
# need not know Spark's classes.
data = spark.read.format("libsvm").load(data_path)
rows = [(row["label"], row["features"].toArray().tolist()) for row in data.collect()]
dataBr = spark.sparkContext.broadcast(rows)


# This function runs in a Python process of a Spark executor.
def train(row):
    ray.init()
    train_data_id = ray.put(dataBr.value)

    # And this one in the Ray cluster.
    @ray.remote
    def ray_train(name, samples):
        from sklearn.naive_bayes import GaussianNB
        from sklearn.svm import SVC

        X = []
        y = []
        for label, features in samples:
            X.append(features)
            y.append(label)
        # Corrected: the names were swapped, "SVC" trained the naive Bayes.
        if name == "SVC":
            model = SVC().fit(X, y)
        if name == "BAYES":
            model = GaussianNB().fit(X, y)
        print(f"{name} fits {model.score(X, y):.1%} of {len(y)} rows")
        pickled = codecs.encode(pickle.dumps(model), "base64").decode()
        # Corrected: `return` was missing here …
        return [name, pickled]

    result = ray_train.remote(row["model"], train_data_id)
    # … and here, so that Spark got None for each model.
    return ray.get(result)


# Train the models and save them as a table. (Spark trains the first one once more, to see what types it returns.)
rdd = spark.createDataFrame([["SVC"], ["BAYES"]], ["model"]).rdd.map(train)
spark.createDataFrame(rdd, ["name", "model"]).write.format("parquet").mode("overwrite").save(model_path)

spark.read.parquet(model_path).selectExpr("name", "length(model) > 0 as saved").orderBy("name").show()
