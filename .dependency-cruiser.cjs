// Packages depend downwards only, and no package reaches into another's insides.
const below = {
  mlsql: [],
  "spark-connect": [],
  gateway: ["spark-connect"],
  ray: [],
  engine: ["mlsql", "spark-connect", "ray"],
  "python-script": ["mlsql", "spark-connect", "ray", "engine"],
  duet: ["mlsql", "spark-connect", "gateway", "ray", "engine", "python-script"],
};
// Where a package has more than one public file.
const entries = { gateway: "index|admin/index|testing/index", "spark-connect": "index|testing/index|wire" };
module.exports = {
  forbidden: [
    { name: "no-cycle", severity: "error", from: { pathNot: "generated" }, to: { circular: true } },
    ...Object.entries(below).map(([name, allowed]) => ({
      name: `downwards-only-${name}`,
      severity: "error",
      from: { path: `^packages/${name}/` },
      to: { path: "^packages/", pathNot: `^packages/(${[name, ...allowed].join("|")})/` },
    })),
    ...Object.keys(below).map((name) => ({
      name: `public-entry-only-${name}`,
      severity: "error",
      from: { path: "^packages/", pathNot: `^packages/${name}/` },
      to: {
        path: `^packages/${name}/`,
        pathNot: `^packages/${name}/src/(${entries[name] ?? "index"})\\.ts$`,
      },
    })),
  ],
  options: {
    tsConfig: { fileName: "tsconfig.json" },
    tsPreCompilationDeps: true,
    doNotFollow: { path: "node_modules" },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "node"] },
  },
};
