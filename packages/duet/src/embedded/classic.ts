import { join } from "node:path";
import type { ClassicInstallation } from "@duet/python-script";
import { environmentPython } from "./installation.ts";
import { findJava } from "./java.ts";
import { sparkMemory } from "./machine-memory.ts";

/**
 * What a classic Spark driver in a script's own process needs: the Python with the whole of PySpark, and Java.
 * @throws {EngineStartError} `not-set-up`, `java-missing`, `java-too-old`
 */
export async function classicSpark(home: string): Promise<ClassicInstallation> {
  const python = environmentPython(".venv-apache");
  await findJava();
  return {
    python,
    spark: {
      kind: "classic",
      master: "local[*]",
      conf: {
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.memory": `${Math.floor(sparkMemory() / 2 ** 20)}m`,
        "spark.sql.catalogImplementation": "in-memory",
        "spark.sql.warehouse.dir": join(home, "warehouse"),
        "spark.ui.enabled": "false",
      },
    },
  };
}
