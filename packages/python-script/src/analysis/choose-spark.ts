import { basename } from "node:path";
import type { ClassicUse, ScriptAnalysis } from "./script-analysis.ts";

/** Which Spark was asked for; `remote`: a Spark Connect server elsewhere. */
export type AskedSpark = "sail" | "apache" | "classic" | "remote";

/** Which Spark a script gets. */
export type SparkChoice =
  | { readonly kind: "classic" | "connect"; readonly note?: string }
  | {
      readonly kind: "impossible";
      readonly use: ClassicUse;
      readonly message: string;
      readonly help: string;
    };

/**
 * Chooses a script's Spark. A script that uses what Sail lacks gets a classic driver, unless another Spark was asked
 * for: then it gets that one, and is told. On a server elsewhere no driver can be had, which is a mistake to mend.
 */
export function chooseSpark(analysis: ScriptAnalysis, asked: AskedSpark | undefined): SparkChoice {
  const hard = analysis.findings.find(({ need }) => need === "classic");
  const first = hard ?? analysis.findings.at(0);
  switch (asked) {
    case "classic":
      return { kind: "classic" };
    case undefined:
      if (first === undefined) return { kind: "connect" };
      return { kind: "classic", note: `classic Spark on this machine, because ${useText(first)}` };
    case "remote":
      return hard === undefined ? { kind: "connect" } : impossible(hard);
    case "sail":
    case "apache": {
      const use = asked === "sail" ? first : hard;
      if (use === undefined) return { kind: "connect" };
      const lacks = use.need === "classic" ? "Spark Connect does not have it" : "Sail does not have it";
      return { kind: "connect", note: `${useText(use)}; ${lacks}, and --spark classic has` };
    }
  }
}

function impossible(use: ClassicUse): SparkChoice {
  return {
    kind: "impossible",
    use,
    message: `${use.name} needs a classic driver in the script's own process; a Spark Connect server has none`,
    help:
      "`--spark classic` runs the script with a Spark of its own on this machine; a classic driver on a cluster " +
      "(YARN client mode) comes with a later version. RDDs have no counterpart in Spark Connect: use DataFrames there",
  };
}

/** `train.py:12 uses .rdd` */
function useText({ file, line, name }: ClassicUse): string {
  return `${basename(file)}:${line} uses ${name}`;
}
