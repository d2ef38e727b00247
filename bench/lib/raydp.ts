import { execFile } from "node:child_process";
import { stat } from "node:fs/promises";
import { join } from "node:path";
import { promisify } from "node:util";
import { type Peer, startPeer } from "./command.ts";
import { root, workFolder } from "./machine.ts";

const environment = join(workFolder, "raydp");

/** Packages of Java's own whose fields Ray's Java workers serialize, which Java 17 allows only when told to. */
const OPENED =
  "java.lang java.lang.invoke java.lang.reflect java.io java.math java.net java.nio java.nio.charset java.text java.time " +
  "java.util java.util.concurrent java.util.concurrent.atomic java.util.concurrent.locks java.util.regex java.security " +
  "sun.nio.ch sun.nio.cs sun.security.action sun.util.calendar jdk.internal.misc jdk.internal.ref";

/** Starts RayDP's peer in an environment of its own, which the first run makes: two minutes. Needs Java 17. */
export async function startRaydp(directory: string): Promise<Peer> {
  const python = join(environment, "bin/python");
  if ((await stat(join(environment, "ready")).catch(() => undefined)) === undefined) {
    const run = promisify(execFile);
    const uv = join(root, ".uv/bin/uv");
    await run(uv, ["venv", "--clear", "--python", "3.11", environment]);
    await run(uv, [
      "pip",
      "install",
      "--python",
      python,
      "--requirements",
      join(root, "bench/peers/raydp.txt"),
    ]);
    await run("touch", [join(environment, "ready")]);
  }
  return startPeer(python, [join(root, "bench/peers/raydp_frame.py"), join(directory, "dp")], {
    // RayDP's Java workers know no tokens; everything is on loopback.
    RAY_AUTH_MODE: "disabled",
    RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER: "0",
    SPARK_LOCAL_IP: "127.0.0.1",
    JAVA_TOOL_OPTIONS: OPENED.split(" ")
      .map((name) => `--add-opens=java.base/${name}=ALL-UNNAMED`)
      .join(" "),
  });
}
