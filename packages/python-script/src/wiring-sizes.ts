import type { ScriptWiring } from "./script-message.ts";

/** Up to which sizes tables travel as Arrow to Ray, and in the plan back to Spark. Bytes. */
export type WiringSizes = Pick<ScriptWiring, "switchBytes" | "planBytes">;

/** Where the engines share a file system: measured, see `bench/README.md`. From Apache Spark Arrow goes 16 times as far. */
export const SHARED_SIZES: WiringSizes = { switchBytes: 4 * 2 ** 20, planBytes: 256 * 2 ** 10 };

/** Without one nothing goes as files: all of it as Arrow, and back in plans as large as Spark Connect's messages may be. */
export const UNSHARED_SIZES: WiringSizes = { switchBytes: Number.MAX_SAFE_INTEGER, planBytes: 64 * 2 ** 20 };
