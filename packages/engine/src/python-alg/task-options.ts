import type { Span } from "@duet/mlsql";
import type { JsonValue, RayClient, TaskOptions } from "@duet/ray";
import { StepError } from "../step-error.ts";

/** What a group may use when `systemParam` does not say. One CPU, as a Ray task; Ray gives it back while the group waits for tasks of its own. */
const DEFAULT_CPUS = 1;

/** What to do about a task that no node can hold. */
export const PLACEMENT_HELP =
  "ask for less (num_cpus, num_gpus, memory, resources), or try it out on logical GPUs with --gpus N";

/**
 * `systemParam.num_cpus`, `num_gpus` (fractions too), `memory` (bytes, or `512m`, `2g`), `resources` (JSON) as
 * options of a Ray task. Groups are never retried by Ray: a script may have had effects.
 */
export function taskOptions(
  systemParam: Readonly<Record<string, string>>,
  environment: JsonValue | undefined,
  span: (key: string) => Span,
): TaskOptions {
  const number = (key: string): number | undefined => {
    const text = systemParam[key];
    if (text === undefined) return undefined;
    const value = Number(text);
    if (text.trim() !== "" && Number.isFinite(value) && value >= 0) return value;
    throw StepError.at(
      span(`systemParam.${key}`),
      "invalid-option",
      `${key} is a number from 0 up, not "${text}"`,
    );
  };
  const gpus = number("num_gpus");
  const memory = systemParam.memory;
  const resources = systemParam.resources;
  return {
    numCpus: number("num_cpus") ?? DEFAULT_CPUS,
    maxRetries: 0,
    ...(gpus === undefined ? {} : { numGpus: gpus }),
    ...(memory === undefined ? {} : { memory: bytes(memory, span("systemParam.memory")) }),
    ...(resources === undefined ? {} : { resources: resourceMap(resources, span("systemParam.resources")) }),
    ...(environment === undefined ? {} : { runtimeEnvironment: environment }),
  };
}

/** The resources that a task asks for, by Ray's names. */
export function requestedResources(options: TaskOptions): Readonly<Record<string, number>> {
  return {
    CPU: options.numCpus ?? 1,
    ...(options.numGpus === undefined || options.numGpus === 0 ? {} : { GPU: options.numGpus }),
    ...(options.memory === undefined ? {} : { memory: options.memory }),
    ...options.resources,
  };
}

/** Why no node can ever hold a request, in words; `undefined` where one can. */
export function unplaceable(
  nodes: RayClient["cluster"]["nodes"],
  requested: Readonly<Record<string, number>>,
): string | undefined {
  const fits = nodes.some((node) =>
    Object.entries(requested).every(([name, amount]) => amount <= (node.resources[name] ?? 0)),
  );
  if (fits) return undefined;
  const text = (resources: Readonly<Record<string, number>>) =>
    Object.entries(resources)
      .filter(([name]) => !name.startsWith("node:") && !name.startsWith("object_store"))
      .map(([name, amount]) =>
        name === "memory" ? `${(amount / 2 ** 30).toFixed(1)} GiB memory` : `${amount} ${name}`,
      )
      .join(", ");
  const have = nodes.map((node) => text(node.resources)).join("; ");
  return `it asks for ${text(requested)}, and no node has that: ${have === "" ? "there are no nodes" : have}`;
}

function bytes(text: string, span: Span): number {
  const [, digits, unit = ""] = /^\s*(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?\s*$/iu.exec(text) ?? [];
  const factor = 1024 ** " kmgt".indexOf(unit === "" ? " " : unit.toLowerCase());
  if (digits !== undefined) return Math.round(Number(digits) * factor);
  throw StepError.at(
    span,
    "invalid-option",
    `memory is bytes or a size such as "512m" or "2g", not "${text}"`,
  );
}

function resourceMap(text: string, span: Span): Readonly<Record<string, number>> {
  try {
    const parsed: unknown = JSON.parse(text);
    if (
      typeof parsed === "object" &&
      parsed !== null &&
      Object.values(parsed).every((value) => typeof value === "number")
    ) {
      return parsed as Record<string, number>;
    }
  } catch {
    // The same message serves text that is no JSON and JSON that is no map of numbers.
  }
  throw StepError.at(span, "invalid-option", `resources is JSON such as {"tpu": 1}, not ${text}`);
}
