# /// script
# dependencies = ["tensorflow-cpu==2.21.*"]
# ///
"""TensorFlow in Ray tasks, on rows from Spark: two networks of different sizes are trained side by side.

The first run fetches 300 MB of packages.

    npx duet run examples/ray-libraries/tensorflow_training.py
"""

import pyarrow as pa
import ray
from pyspark.sql import SparkSession

spark = SparkSession.builder.getOrCreate()
points = spark.sql("""
    select x, y, cast(x * x + y * y < 0.5 as int) as inside
    from (select id % 50 / 25.0D - 1 as x, id div 50 / 25.0D - 1 as y from range(0, 2500))
""")


@ray.remote(num_cpus=1)
def train(points: pa.Table, neurons: int) -> tuple[int, float]:
    """Learns what is inside of a circle; returns the share of points that it gets right."""
    import numpy as np
    import tensorflow as tf

    tf.keras.utils.set_random_seed(1)
    inputs = np.column_stack([points["x"], points["y"]])
    network = tf.keras.Sequential(
        [tf.keras.layers.Dense(neurons, activation="relu"), tf.keras.layers.Dense(1, activation="sigmoid")]
    )
    network.compile(
        optimizer=tf.keras.optimizers.Adam(0.02), loss="binary_crossentropy", metrics=["accuracy"]
    )
    network.fit(inputs, np.asarray(points["inside"]), epochs=15, verbose=0)
    return neurons, network.evaluate(inputs, np.asarray(points["inside"]), verbose=0)[1]


for neurons, accuracy in ray.get([train.remote(points, neurons) for neurons in (2, 16)]):
    print(f"{neurons} neurons: {accuracy:.0%} right")
