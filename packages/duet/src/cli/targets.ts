import type { RaySize, RayTarget, SparkTarget } from "../embedded/targets.ts";
import { UsageError } from "./usage-error.ts";

/** The Spark of a Python script: a target, or a classic driver in the script's own process. */
export type ScriptSparkTarget = SparkTarget | { readonly kind: "classic" };

/** Reads `--spark` of what runs on Spark Connect. @throws {UsageError} */
export function parseSparkTarget(text: string): SparkTarget {
  const target = parseScriptSpark(text);
  if (target.kind !== "classic") return target;
  throw new UsageError(
    "--spark classic is for Python scripts: it is a driver in the script's own process",
    "use sail, apache or an address like sc://host:15002",
  );
}

/** Reads `--spark` of a Python script. @throws {UsageError} */
export function parseScriptSpark(text: string): ScriptSparkTarget {
  if (text === "sail" || text === "apache" || text === "classic") return { kind: text };
  if (/^sc:\/\/[^/\s]+/u.test(text)) return { kind: "remote", url: text };
  throw new UsageError(
    `--spark ${text} names no Spark`,
    "use sail, apache, classic (Python scripts) or an address like sc://host:15002",
  );
}

/** Reads `--ray`; the token of a bridge elsewhere comes from `DUET_RAY_TOKEN`. @throws {UsageError} */
export function parseRayTarget(text: string, environment: NodeJS.ProcessEnv = process.env): RayTarget {
  if (text === "local") return { kind: "local" };
  if (!/^https?:\/\/[^/\s]+/u.test(text)) {
    throw new UsageError(
      `--ray ${text} names no Ray`,
      "use local or the address of a bridge, http://host:port",
    );
  }
  const token = environment.DUET_RAY_TOKEN;
  if (token === undefined || token === "") {
    throw new UsageError(`the bridge at ${text} needs a token`, "set DUET_RAY_TOKEN to it");
  }
  return { kind: "remote", url: text.replace(/\/+$/u, ""), token };
}

/** Reads a `--set name=value`. @throws {UsageError} */
export function parseVariable(text: string): readonly [name: string, value: string] {
  const [, name, value] = /^([^=\s]+)=(.*)$/su.exec(text) ?? [];
  if (name === undefined || value === undefined) {
    throw new UsageError(`--set ${text} sets no variable`, "write it as name=value");
  }
  return [name, value];
}

/** Reads a count such as that of `--cpus`. @throws {UsageError} */
export function parseCount(option: string, text: string, least: number, most = 100_000): number {
  const count = /^\d+$/u.test(text) ? Number(text) : Number.NaN;
  if (count >= least && count <= most) return count;
  throw new UsageError(`${option} ${text} is no whole number from ${least} to ${most}`);
}

/** Reads `--cpus` and `--gpus`. @throws {UsageError} */
export function readSize(flags: { readonly cpus?: string; readonly gpus?: string }): RaySize {
  return {
    ...(flags.cpus === undefined ? {} : { cpus: parseCount("--cpus", flags.cpus, 1) }),
    ...(flags.gpus === undefined ? {} : { gpus: parseCount("--gpus", flags.gpus, 0) }),
  };
}
