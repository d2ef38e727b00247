import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { ask, type Answer } from "./ask.ts";
import { ClusterError } from "./cluster-error.ts";
import type { Layout } from "./layout.ts";

/** Writing a large file may leave HDFS silent for so many milliseconds. */
const WRITE_PATIENCE = 60_000;

const address = ({ ports, user }: Layout, path: string, operation: string): string =>
  `http://127.0.0.1:${ports.nameNodeWeb}/webhdfs/v1${path}?user.name=${user}&op=${operation}`;

/** Makes a folder in HDFS and those above it; one that is there stays as it is. @throws {ClusterError} `hdfs-failed` */
export async function makeHdfsFolder(layout: Layout, path: string, signal: AbortSignal): Promise<void> {
  const answer = await ask(address(layout, path, "MKDIRS"), { method: "PUT", signal });
  expect(answer, 200, `making ${path}`);
}

/** The size of a file in HDFS in bytes; undefined when it is not there. @throws {ClusterError} `hdfs-failed` */
export async function hdfsFile(
  layout: Layout,
  path: string,
  signal: AbortSignal,
): Promise<number | undefined> {
  const answer = await ask(address(layout, path, "GETFILESTATUS"), { signal });
  if (answer.status === 404) return undefined;
  expect(answer, 200, `asking for ${path}`);
  return (JSON.parse(answer.body) as { FileStatus: { length: number } }).FileStatus.length;
}

/** Puts a file of this machine into HDFS, visible when it is whole. @throws {ClusterError} `hdfs-failed` */
export async function putHdfsFile(
  layout: Layout,
  file: string,
  path: string,
  signal: AbortSignal,
): Promise<void> {
  const partial = `${path}.${process.pid}`;
  const options = { method: "PUT", signal, patience: WRITE_PATIENCE };
  // The NameNode names the DataNode that takes the bytes.
  const first = await ask(address(layout, partial, "CREATE&overwrite=true"), options);
  expect(first, 307, `writing ${path}`);
  const { size } = await stat(file);
  const second = await ask(String(first.headers.location), {
    ...options,
    headers: { "content-length": String(size), "content-type": "application/octet-stream" },
    body: createReadStream(file, { highWaterMark: 2 ** 20 }),
  });
  expect(second, 201, `writing ${path}`);
  const renamed = await ask(address(layout, partial, `RENAME&destination=${path}`), options);
  expect(renamed, 200, `renaming ${partial}`);
}

function expect(answer: Answer, status: number, what: string): void {
  if (answer.status === status) return;
  throw new ClusterError({
    code: "hdfs-failed",
    message: `${what} in HDFS failed (HTTP status ${answer.status})`,
    help: "see the log of the NameNode; the lines above are its own",
    details: [answer.body.slice(0, 2_000)],
  });
}
