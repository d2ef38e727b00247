import type { RaySize, RayTarget, SparkTarget } from "../embedded/targets.ts";
import { UsageError } from "./usage-error.ts";

/** Resources of Ray's that have options or sizes of their own. */
const OWN_OPTIONS: ReadonlySet<string> = new Set(["CPU", "GPU", "memory", "object_store_memory"]);

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

/** Reads `--resources '{"licence": 3}'`, as `ray start` takes it. @throws {UsageError} */
export function parseResources(text: string): Readonly<Record<string, number>> {
  let given: unknown;
  try {
    given = JSON.parse(text);
  } catch {
    given = undefined;
  }
  const entries: readonly (readonly [string, unknown])[] =
    typeof given === "object" && given !== null && !Array.isArray(given)
      ? Object.entries(given)
      : [["", undefined]];
  for (const [name, amount] of entries) {
    if (OWN_OPTIONS.has(name))
      throw new UsageError(
        `--resources does not set ${name}`,
        "use --cpus and --gpus; memory is the machine's",
      );
    if (name === "" || typeof amount !== "number" || amount <= 0)
      throw new UsageError(
        `--resources ${text} is no list of names and amounts`,
        `write it as JSON, for instance --resources '{"licence": 3}'`,
      );
  }
  return Object.fromEntries(entries) as Readonly<Record<string, number>>;
}

/** The options that set the size of the embedded Ray, as they stand on the command line. */
export interface SizeFlags {
  readonly cpus?: string;
  readonly gpus?: string;
  readonly resources?: string;
}

/** Reads the size of the embedded Ray. @throws {UsageError} */
export function readSize(flags: SizeFlags): RaySize {
  return {
    ...(flags.cpus === undefined ? {} : { cpus: parseCount("--cpus", flags.cpus, 1) }),
    ...(flags.gpus === undefined ? {} : { gpus: parseCount("--gpus", flags.gpus, 0) }),
    ...(flags.resources === undefined ? {} : { resources: parseResources(flags.resources) }),
  };
}
