import { EmbeddedEngines } from "../embedded/embedded-engines.ts";
import { isAnswering } from "../embedded/engine-check.ts";
import { duetHome } from "../embedded/installation.ts";
import { checkWarmEngines } from "../embedded/warm-engines.ts";
import { formatDuration } from "../view/format.ts";
import type { Check } from "./finding.ts";

function start(name: "sail" | "ray", title: string): Check {
  return {
    name: title,
    async look(signal) {
      const begun = performance.now();
      await using engines = new EmbeddedEngines({
        ...{ home: duetHome(), spark: { kind: "sail" }, ray: { kind: "local" } },
      });
      const address = name === "sail" ? await engines.spark(signal) : await engines.ray(signal);
      if (!(await isAnswering({ name, ...address }, signal))) {
        return {
          state: "problem",
          detail: "it started but does not answer",
          help: "try again; if it stays, report it",
        };
      }
      return {
        state: "ok",
        detail: `${address.description} answers after ${formatDuration(performance.now() - begun)}`,
      };
    },
  };
}

const warmEngines: Check = {
  name: "warm engines",
  async look(signal) {
    const engines = await checkWarmEngines(duetHome(), signal);
    const bad = engines.filter(({ health }) => health === "gone" || health === "unresponsive");
    if (bad.length > 0) {
      const detail = bad.map(({ record, health }) => `${record.name} is ${health}`).join(", ");
      return { state: "warning", detail, help: "run `duet down`, then `duet up`" };
    }
    const names = engines.map(({ record, health }) => `${record.name} ${health}`).join(", ");
    return { state: "ok", detail: names === "" ? "none are up" : names };
  },
};

/** Looks at the warm engines and, where asked to, starts Sail and Ray for a try and ends them. */
export const engineChecks = (tryThem: boolean): readonly Check[] => [
  warmEngines,
  ...(tryThem ? [start("sail", "Sail starts"), start("ray", "Ray starts")] : []),
];
