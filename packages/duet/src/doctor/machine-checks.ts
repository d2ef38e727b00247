import { access, constants, statfs } from "node:fs/promises";
import { arch, availableParallelism, freemem, platform, tmpdir } from "node:os";
import { freePort } from "../embedded/free-port.ts";
import { duetHome, ensureHome } from "../embedded/installation.ts";
import { machineMemory } from "../embedded/machine-memory.ts";
import { formatBytes, plural } from "../view/format.ts";
import type { Check, Finding } from "./finding.ts";

const GB = 1e9;
/** Below these an ordinary run is likely to fail. */
const LEAST_DISK = 1 * GB;
const LEAST_MEMORY = 3 * GB;
/** Ray wants about a third of the memory as its object store in /dev/shm and slows down where it does not get it. */
const SHARED_MEMORY_SHARE = 0.3;

async function freeSpace(path: string): Promise<number> {
  const { bavail, bsize } = await statfs(path);
  return bavail * bsize;
}

const node: Check = {
  name: "Node",
  look: () => {
    const [major = 0] = process.versions.node.split(".").map(Number);
    const detail = `${process.versions.node} on ${platform()}-${arch()}`;
    if (major >= 24) return Promise.resolve({ state: "ok", detail });
    return Promise.resolve({ state: "problem", detail, help: "run `npm run setup`; it brings Node 24" });
  },
};

const memory: Check = {
  name: "memory",
  look: () => {
    const total = machineMemory();
    const detail = `${formatBytes(total)} in all, ${formatBytes(freemem())} free, ${plural(availableParallelism(), "CPU")}`;
    if (total >= LEAST_MEMORY) return Promise.resolve({ state: "ok", detail });
    const help =
      "Ray and Spark together want 3 GB; with less, training on anything but small tables is likely to fail";
    return Promise.resolve({ state: "warning", detail, help });
  },
};

function disk(name: string, path: string, prepare: (path: string) => Promise<void>): Check {
  return {
    name,
    async look() {
      await prepare(path);
      const free = await freeSpace(path);
      const detail = `${path}, ${formatBytes(free)} free`;
      if (free >= LEAST_DISK) return { state: "ok", detail };
      return {
        state: "warning",
        detail,
        help: "free some space there, or point DUET_HOME (TMPDIR) to a larger disk",
      };
    },
  };
}

const sharedMemory: Check = {
  name: "/dev/shm",
  async look(): Promise<Omit<Finding, "name">> {
    if (platform() !== "linux") return { state: "ok", detail: "not used on this system" };
    const free = await freeSpace("/dev/shm");
    const detail = `${formatBytes(free)} free`;
    if (free >= machineMemory() * SHARED_MEMORY_SHARE) return { state: "ok", detail };
    const help =
      "Ray keeps objects in files instead, which is slower; in a container give more: --shm-size=…";
    return { state: "warning", detail, help };
  },
};

const loopback: Check = {
  name: "ports",
  look: async () => ({
    state: "ok",
    detail: `127.0.0.1 gives ports, the next free one is ${await freePort()}`,
  }),
};

/** Looks at the machine; starts nothing. */
export const machineChecks = (): readonly Check[] => [
  node,
  memory,
  disk("disk of $DUET_HOME", duetHome(), ensureHome),
  disk("disk of temporary files", tmpdir(), (path) => access(path, constants.W_OK)),
  sharedMemory,
  loopback,
];
