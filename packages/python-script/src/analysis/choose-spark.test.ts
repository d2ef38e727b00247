import assert from "node:assert/strict";
import { test } from "node:test";
import { type AskedSpark, chooseSpark } from "./choose-spark.ts";
import type { ClassicUse, ScriptAnalysis } from "./script-analysis.ts";

const libsvm: ClassicUse = { need: "apache", name: "libsvm", file: "/x/train.py", line: 3, column: 1 };
const rdd: ClassicUse = { need: "classic", name: ".rdd", file: "/x/train.py", line: 12, column: 4 };

const analysis = (...findings: readonly ClassicUse[]): ScriptAnalysis => ({
  engines: ["spark"],
  findings,
  metadata: [],
  files: ["train.py"],
  complete: true,
});

const cases: readonly (readonly [
  what: string,
  findings: readonly ClassicUse[],
  asked: AskedSpark | undefined,
  kind: "classic" | "connect" | "impossible",
  note: RegExp | undefined,
])[] = [
  ["nothing special", [], undefined, "connect", undefined],
  ["an RDD", [libsvm, rdd], undefined, "classic", /classic Spark.*train\.py:12 uses \.rdd/u],
  ["what Sail lacks", [libsvm], undefined, "classic", /train\.py:3 uses libsvm/u],
  ["asked for", [], "classic", "classic", undefined],
  ["an RDD on Sail, as asked", [rdd], "sail", "connect", /Spark Connect does not have it.*classic/u],
  ["libsvm on Sail, as asked", [libsvm], "sail", "connect", /Sail does not have it/u],
  ["libsvm on Apache Spark", [libsvm], "apache", "connect", undefined],
  ["libsvm elsewhere", [libsvm], "remote", "connect", undefined],
  ["an RDD elsewhere", [libsvm, rdd], "remote", "impossible", undefined],
];
for (const [what, findings, asked, kind, note] of cases) {
  test(`${what}: ${kind}`, () => {
    const choice = chooseSpark(analysis(...findings), asked);
    assert.equal(choice.kind, kind);
    if (choice.kind === "impossible") assert.equal(choice.use, rdd);
    else if (note === undefined) assert.equal(choice.note, undefined);
    else assert.match(choice.note ?? "", note);
  });
}
