/**
 * How fast the language is: parses and checks a script of about 10,000 lines, several times.
 * `npm run bench -- language [LINES]`.
 */
import { parseArgs } from "node:util";
import { type CheckContext, checkScript, parseScript } from "@duet/mlsql";
import { median } from "./lib/measure.ts";
import { report } from "./lib/report.ts";

const RUNS = 7;

const context: CheckContext = {
  algorithms: [
    {
      name: "PythonAlg",
      statements: ["train", "run", "predict", "register"],
      needsPath: true,
      options: [
        { name: "scripts", type: "script-tables", required: true },
        { name: "entryPoint", type: "script-table", among: "scripts" },
        { name: "keepVersion", type: "boolean" },
        { name: "fitParam.N.*", type: "text" },
      ],
    },
  ],
  formats: [
    { name: "csv", load: true, save: true, path: "files", options: [{ name: "header", type: "boolean" }] },
    { name: "parquet", load: true, save: true, path: "files", options: [] },
    { name: "script", load: true, save: false, path: "variable", options: [] },
  ],
  commands: [
    { name: "desc", usage: "!desc table", minimumArguments: 1, maximumArguments: 1, tableArguments: [0] },
  ],
};

/** 20 lines of the kinds that real scripts have, `index` making their names their own. */
function section(index: number): string {
  return `-- section ${index}
set base_${index}="/data/\${today}/${index}";
set code_${index}='''
import mlsql
model = fit(mlsql.to_pandas(), depth=int(mlsql.fit_param["depth"]))
mlsql.save_model(model, inputs=["a", "b"])
''';
load script.\`code_${index}\` as script_${index};
load csv.\`\${base_${index}}/in\` where header="true" as raw_${index};
with kept as (select * from raw_${index} where note <> 'a; b' /* kept; */)
select k.id, avg(k.value) as value, count(*) as n -- the features
from kept k join raw_${index} r on k.id = r.id
group by k.id as data_${index};
train data_${index} as PythonAlg.\`/models/${index}\`
where scripts="script_${index}" and entryPoint="script_${index}"
and fitParam.0.depth="3" -- the first group
and \`fitParam.1.depth\`="5" as trained_${index};
!desc trained_${index};
save overwrite data_${index} as parquet.\`\${base_${index}}/out\`;

`;
}

const { positionals } = parseArgs({ options: { quick: { type: "boolean" } }, allowPositionals: true });
const wanted = Number(positionals[0] ?? 10_000);
const text = Array.from({ length: Math.ceil(wanted / 20) }, (_, index) => section(index)).join("");
const lines = text.split("\n").length - 1;

const parsing: number[] = [];
const checking: number[] = [];
let first = 0;
for (let run = 0; run <= RUNS; run++) {
  const start = performance.now();
  const { script, diagnostics } = parseScript(text, "bench.mlsql");
  const parsed = performance.now();
  const mistakes = [...diagnostics, ...checkScript(script, context)];
  const checked = performance.now();
  if (mistakes.length > 0) throw new Error(`The bench's script has mistakes: ${JSON.stringify(mistakes[0])}`);
  // The first run also builds the parser and warms the compiler up: it is shown, not counted.
  if (run === 0) first = checked - start;
  else {
    parsing.push(parsed - start);
    checking.push(checked - parsed);
  }
}
const total = parsing.map((time, index) => time + (checking[index] ?? 0));
await report(
  "language",
  [
    {
      what: `parse and check ${lines.toLocaleString("en-US")} lines`,
      unit: "s",
      ours: median(total) / 1000,
      target: { kind: "at-most", value: 1 },
    },
  ],
  [
    `Median of ${String(RUNS)} runs: parse ${median(parsing).toFixed(0)} ms, check ${median(checking).toFixed(0)} ms; ` +
      `the first run, cold, ${first.toFixed(0)} ms.`,
  ],
);
