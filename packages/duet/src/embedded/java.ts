import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { EngineStartError } from "./engine-start-error.ts";

/** A Java that runs. */
export interface Java {
  readonly command: string;
  /** E.g. `17.0.19`. */
  readonly version: string;
}

const HELP =
  "install Java 17 or later (Debian, Ubuntu: apt install openjdk-17-jre-headless), or set JAVA_HOME; " +
  "without --spark apache no Java is needed";

/**
 * Finds the Java that Apache Spark will use: JAVA_HOME's, else the path's.
 * @throws {EngineStartError} `java-missing`, `java-too-old`.
 */
export async function findJava(): Promise<Java> {
  const home = process.env.JAVA_HOME;
  const command = home === undefined || home === "" ? "java" : join(home, "bin", "java");
  let printed: string;
  try {
    const { stderr, stdout } = await promisify(execFile)(command, ["-version"], { timeout: 20_000 });
    printed = `${stderr}\n${stdout}`;
  } catch (cause) {
    const where = command === "java" ? "there is none on the path" : `${command} does not run`;
    const message = `Apache Spark needs Java 17 or later, and ${where}`;
    throw new EngineStartError({ code: "java-missing", message, help: HELP, cause });
  }
  const version = /version "([^"]+)"/u.exec(printed)?.[1] ?? "unknown";
  if (Number.parseInt(version, 10) >= 17) return { command, version };
  const message = `Apache Spark needs Java 17 or later, and ${command} is ${version}`;
  throw new EngineStartError({ code: "java-too-old", message, help: HELP });
}
