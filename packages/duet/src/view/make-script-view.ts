import type { View } from "./view.ts";

/** The view of a Python script's run: events on standard output, or rows at the bottom of a terminal. */
export async function makeScriptView(options: {
  readonly json: boolean;
  readonly quiet: boolean;
}): Promise<View> {
  const { stdout, stderr } = process;
  if (options.json) return new (await import("./json-view.ts")).JsonView(stdout, stderr);
  const [{ ScriptView }, { BottomRows, hasRoom }] = await Promise.all([
    import("./script-view.ts"),
    import("./bottom-rows.ts"),
  ]);
  const { quiet } = options;
  const live = stderr.isTTY && !quiet && hasRoom(stderr, process.env);
  return new ScriptView({ err: stderr, quiet, ...(live ? { rows: new BottomRows(stderr) } : {}) });
}
