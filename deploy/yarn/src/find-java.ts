import { execFile } from "node:child_process";
import { join } from "node:path";
import { promisify } from "node:util";
import { ClusterError } from "./cluster-error.ts";

/**
 * The home of the Java in JAVA_HOME or on the path, as it tells it itself.
 * @throws {ClusterError} `java-missing`, `java-too-old`
 */
export async function findJavaHome(): Promise<string> {
  const command = process.env.JAVA_HOME ? join(process.env.JAVA_HOME, "bin", "java") : "java";
  const help =
    "install Java 17 (Debian, Ubuntu: apt-get install openjdk-17-jdk-headless), or set JAVA_HOME to it";
  let text: string;
  try {
    const arguments_ = ["-XshowSettings:properties", "-version"];
    text = (await promisify(execFile)(command, arguments_, { timeout: 20_000 })).stderr;
  } catch (cause) {
    throw new ClusterError({ code: "java-missing", message: `${command} does not run`, help, cause });
  }
  const home = /^\s*java\.home = (.+)$/mu.exec(text)?.[1];
  const version = /^\s*java\.specification\.version = (.+)$/mu.exec(text)?.[1];
  if (home === undefined || version === undefined)
    throw new ClusterError({ code: "java-missing", message: `${command} does not say where it is`, help });
  if (!(Number(version) >= 17))
    throw new ClusterError({ code: "java-too-old", message: `${command} is Java ${version}`, help });
  return home;
}
