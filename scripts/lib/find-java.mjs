import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { Problem } from "./problem.mjs";

/**
 * Finds the Java that Apache Spark 4.3 needs, version 17 or later, in JAVA_HOME or on the path.
 * @throws {Problem} when there is none.
 */
export async function findJava() {
  const home = process.env.JAVA_HOME;
  const command = home ? join(home, "bin", "java") : "java";
  const remedy =
    "install Java 17 or 21 (Debian, Ubuntu: apt install openjdk-17-jre-headless; macOS: brew install openjdk@17), " +
    "or set JAVA_HOME to it; without Apache Spark Duet needs no Java";
  let text;
  try {
    const { stdout, stderr } = await promisify(execFile)(command, ["-version"], { timeout: 20_000 });
    text = `${stderr}\n${stdout}`;
  } catch (cause) {
    throw new Problem(
      `Apache Spark needs Java 17 or later, and ${home ? `JAVA_HOME has no bin/java that runs` : "there is none on the path"}`,
      {
        remedy,
        cause,
      },
    );
  }
  const version = /version "([^"]+)"/.exec(text)?.[1] ?? "unknown";
  if (!(Number.parseInt(version, 10) >= 17))
    throw new Problem(`Apache Spark needs Java 17 or later, and ${command} is ${version}`, { remedy });
  return { command, version };
}
