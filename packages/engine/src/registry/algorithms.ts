import type { AlgorithmDescription, OptionDescription } from "@duet/mlsql";

const TRAIN = ["train", "run"] as const;
const APPLY = ["predict", "register"] as const;

const RESOURCES: readonly OptionDescription[] = [
  {
    name: "systemParam.num_cpus",
    type: "number",
    minimum: 0,
    summary: "CPUs of each task; 1 by default, 0 for a served function.",
  },
  {
    name: "systemParam.num_gpus",
    type: "number",
    minimum: 0,
    summary: "GPUs of each task; fractions share one.",
  },
  { name: "systemParam.memory", type: "memory", summary: "Memory to reserve for each task." },
  { name: "systemParam.resources", type: "json", summary: 'Other resources of Ray\'s nodes, {"tpu": 1}.' },
  { name: "systemParam.*", type: "text", summary: "Anything else for the script: `mlsql.systemParam`." },
];

/** Trains and applies models with a user's own Python. */
const pythonAlg: AlgorithmDescription = {
  name: "PythonAlg",
  statements: ["train", "run", "predict", "register"],
  needsPath: true,
  options: [
    {
      name: "scripts",
      type: "script-tables",
      required: true,
      statements: [...TRAIN],
      summary: "Tables that hold Python files.",
    },
    {
      name: "entryPoint",
      type: "script-table",
      required: true,
      among: "scripts",
      statements: [...TRAIN],
      summary: "The file to run.",
    },
    {
      name: "scripts",
      type: "script-tables",
      statements: [...APPLY],
      summary: "Tables that hold a predict script.",
    },
    {
      name: "entryPoint",
      type: "script-table",
      among: "scripts",
      statements: [...APPLY],
      summary: "The file with `predict`.",
    },
    {
      name: "condaFile",
      type: "environment-table",
      summary: "A table that holds a conda YAML: the Python environment.",
    },
    {
      name: "keepVersion",
      type: "boolean",
      statements: [...TRAIN],
      summary: "Whether each training makes a `_model_N`; true by default.",
    },
    {
      name: "enableDataLocal",
      type: "boolean",
      statements: [...TRAIN],
      summary: "Whether the data is written as files for the script; true by default.",
    },
    {
      name: "dataLocalFormat",
      type: "text",
      values: ["parquet", "json"],
      statements: [...TRAIN],
      summary: "The format of those files.",
    },
    {
      name: "fitParam.N.fileFormat",
      type: "text",
      values: ["parquet", "json"],
      statements: [...TRAIN],
      summary: "The same for one group.",
    },
    {
      name: "fitParam.resource.*",
      type: "text",
      statements: [...TRAIN],
      summary: 'A path for the script: `mlsql.internal_system_param["resource"]`.',
    },
    {
      name: "fitParam.N.*",
      type: "text",
      statements: [...TRAIN],
      summary: "A hyper-parameter of group N; groups train side by side.",
    },
    { name: "resource.*", type: "text", statements: [...TRAIN] },
    {
      name: "modelVersion",
      type: "integer",
      minimum: 0,
      statements: [...APPLY],
      summary: "The version to apply; the newest by default.",
    },
    {
      name: "algIndex",
      type: "integer",
      minimum: 0,
      statements: [...APPLY],
      summary: "The group to apply; the one with the best score by default.",
    },
    {
      name: "outputCol",
      type: "text",
      statements: [...APPLY],
      summary: "The column for the answer; `prediction` by default.",
    },
    {
      name: "probability",
      type: "boolean",
      statements: [...APPLY],
      summary: "Whether to add the column `probability`.",
    },
    {
      name: "fitParam.*",
      type: "text",
      statements: [...APPLY],
      summary: "A parameter for the predict script.",
    },
    {
      name: "maxConcurrency",
      type: "integer",
      minimum: 1,
      statements: ["register"],
      summary: "How many copies of the model answer at once.",
    },
    {
      name: "outputType",
      type: "text",
      statements: ["register"],
      summary: "The function's type in Spark's words, where the model does not say it.",
    },
    ...RESOURCES,
  ],
};

/** The algorithms that train, run, predict and register know. One more is one more entry. */
export const algorithms: readonly AlgorithmDescription[] = [pythonAlg];
