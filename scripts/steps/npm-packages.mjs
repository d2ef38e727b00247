import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { run } from "../lib/command.mjs";
import { inRoot, root } from "../lib/paths.mjs";
import { explainInstall, Problem } from "../lib/problem.mjs";
import { hashOf, readStamp, removeStamp, writeStamp } from "../lib/stamp.mjs";

const lockFile = "package-lock.json";
const hash = () => hashOf([lockFile, ".npmrc"], [root]);

/** Whether somebody ran `npm ci` or `npm install` by hand and it gave exactly what the lock file says. */
function installedByHand() {
  const hidden = inRoot("node_modules/.package-lock.json");
  if (!existsSync(hidden) || statSync(hidden).mtimeMs < statSync(inRoot(lockFile)).mtimeMs) return false;
  const installed = JSON.parse(readFileSync(hidden, "utf8")).packages;
  const locked = JSON.parse(readFileSync(inRoot(lockFile), "utf8")).packages;
  return Object.entries(locked).every(
    ([path, entry]) =>
      !path.startsWith("node_modules/") ||
      entry.optional ||
      installed[path]?.version === entry.version ||
      (entry.link && installed[path]?.link),
  );
}

/** Each package that comes from a registry must say its hash: else nobody knows what is installed. */
function checkLock() {
  const { packages } = JSON.parse(readFileSync(inRoot(lockFile), "utf8"));
  const bare = Object.entries(packages).filter(
    ([path, entry]) => path.includes("node_modules/") && !entry.link && !entry.integrity && !entry.inBundle,
  );
  if (bare.length > 0)
    throw new Problem(`${lockFile} has no hash for ${bare[0][0]}`, {
      remedy: "make the lock file anew with npm install and commit it",
    });
  return Object.values(packages).filter((entry) => entry.integrity).length;
}

/** The npm that goes with the Node that runs this. */
function npm() {
  const beside = join(dirname(process.execPath), "../lib/node_modules/npm/bin/npm-cli.js");
  const script = [process.env.npm_execpath, beside].find((path) => path?.endsWith(".js") && existsSync(path));
  return script ? [process.execPath, script] : ["npm"];
}

/** Installs the locked npm packages. */
export const npmPackages = {
  title: "npm packages",
  space: 500,
  done: () => readStamp("npm")?.hash === hash() && existsSync(inRoot("node_modules/.package-lock.json")),
  async run(report) {
    const count = checkLock();
    if (!installedByHand()) {
      removeStamp("npm");
      const [command, ...before] = npm();
      const fetched = new Set();
      const lines = [];
      try {
        await run(command, [...before, "ci", "--loglevel=http", "--no-audit", "--no-fund"], {
          onLine(line) {
            const address = /http fetch GET 200 (\S+)/.exec(line)?.[1];
            if (address === undefined) lines.push(line);
            else if (/\.tgz$/.test(address) && fetched.add(address)) report(`${fetched.size} of ${count}`);
          },
        });
      } catch (failure) {
        failure.lines = lines.length > 0 ? lines : failure.lines;
        throw explainInstall("installing the npm packages", "npm", failure);
      }
    }
    writeStamp("npm", { hash: hash() });
    return `${count} locked`;
  },
};
