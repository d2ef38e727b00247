import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

/** The repository's root. */
export const root = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/** A path below the repository's root. */
export const inRoot = (...parts) => join(root, ...parts);

/** Where set-up remembers what it has done. */
export const stampFolder = inRoot(".setup");
