import { mkdir, readdir, readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import * as v from "valibot";
import { identify, isRunning } from "../embedded/process-identity.ts";

const schema = v.object({
  url: v.string(),
  adminUrl: v.string(),
  adminToken: v.string(),
  process: v.object({ pid: v.number(), start: v.string() }),
  /** Milliseconds since 1970. */
  started: v.number(),
});

/**
 * A gateway of this machine that runs, as `$DUET_HOME/gateway/running-<pid>.json` describes it for `duet drivers`. The file
 * holds a token: it is for its owner alone.
 */
export type GatewayRecord = v.InferOutput<typeof schema>;

const folderOf = (home: string): string => join(home, "gateway");

/** Makes the gateway of this process known until it is disposed of. */
export async function publishGateway(
  home: string,
  gateway: Pick<GatewayRecord, "url" | "adminUrl" | "adminToken">,
): Promise<AsyncDisposable> {
  const identity = await identify(process.pid);
  if (identity === undefined) throw new Error("this process does not find itself");
  const record: GatewayRecord = { ...gateway, process: identity, started: Date.now() };
  await mkdir(folderOf(home), { recursive: true, mode: 0o700 });
  const file = join(folderOf(home), `running-${process.pid}.json`);
  await writeFile(`${file}.new`, `${JSON.stringify(record, null, 2)}\n`, { mode: 0o600 });
  await rename(`${file}.new`, file);
  return { [Symbol.asyncDispose]: () => rm(file, { force: true }) };
}

/** The gateways that run, the newest first; what killed ones left is removed. */
export async function runningGateways(home: string): Promise<readonly GatewayRecord[]> {
  const found: GatewayRecord[] = [];
  for (const name of await namesIn(folderOf(home))) {
    const file = join(folderOf(home), name);
    const record = await readRecord(file);
    if (record === undefined) continue;
    if (await isRunning(record.process)) found.push(record);
    else await rm(file, { force: true });
  }
  return found.toSorted((one, other) => other.started - one.started);
}

async function namesIn(folder: string): Promise<readonly string[]> {
  try {
    return (await readdir(folder)).filter((name) => /^running-\d+\.json$/u.test(name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return [];
    throw error;
  }
}

async function readRecord(file: string): Promise<GatewayRecord | undefined> {
  try {
    const result = v.safeParse(schema, JSON.parse(await readFile(file, "utf8")));
    return result.success ? result.output : undefined;
  } catch (error) {
    // Of another version, or removed meanwhile.
    if (error instanceof SyntaxError || (error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
