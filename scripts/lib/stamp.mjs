import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { inRoot, stampFolder } from "./paths.mjs";

const fileOf = (name) => join(stampFolder, `${name}.json`);

/** What a step has recorded at its last success, or undefined. */
export function readStamp(name) {
  try {
    return JSON.parse(readFileSync(fileOf(name), "utf8"));
  } catch (error) {
    // A half-written or foreign file counts as "not done": the step simply runs again.
    if (error.code === "ENOENT" || error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** Records a step's success; whole or not at all. */
export function writeStamp(name, value) {
  mkdirSync(stampFolder, { recursive: true });
  const temporary = `${fileOf(name)}.${process.pid}`;
  writeFileSync(temporary, `${JSON.stringify(value)}\n`);
  renameSync(temporary, fileOf(name));
}

/** Forgets a step's success: it is about to change what it made. */
export const removeStamp = (name) => rmSync(fileOf(name), { force: true });

/** A hash over texts and the contents of files (paths from the root; a missing file counts as such). */
export function hashOf(files, texts = []) {
  const hash = createHash("sha256");
  for (const text of texts) hash.update(`text ${text.length}\n${text}`);
  for (const file of files) {
    const path = inRoot(file);
    const content = existsSync(path) ? readFileSync(path) : undefined;
    hash.update(`file ${file} ${content?.length ?? "missing"}\n`);
    if (content) hash.update(content);
  }
  return hash.digest("hex");
}

/** All files below a folder of the root that `keep` accepts, sorted. */
export function filesBelow(folder, keep) {
  const path = inRoot(folder);
  if (!existsSync(path)) return [];
  return readdirSync(path, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => {
      const name = `${folder}/${entry.name}`;
      if (entry.isDirectory())
        return ["node_modules", "generated", "__pycache__"].includes(entry.name)
          ? []
          : filesBelow(name, keep);
      return entry.isFile() && keep(name) ? [name] : [];
    });
}
