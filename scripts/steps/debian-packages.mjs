import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { run } from "../lib/command.mjs";
import { explainInstall, Problem } from "../lib/problem.mjs";

const onPath = (program) =>
  (process.env.PATH ?? "").split(delimiter).some((folder) => existsSync(join(folder, program)));

const servers = "/usr/lib/postgresql";

/** Programs that come from the system and not from a package registry of their own. */
const programs = {
  maven: { packages: ["maven"], found: () => onPath("mvn") },
  jdk: { packages: ["openjdk-17-jdk-headless"], found: () => onPath("javac") },
  postgresql: {
    packages: ["postgresql"],
    found: () =>
      onPath("initdb") ||
      (existsSync(servers) &&
        readdirSync(servers).some((version) => existsSync(join(servers, version, "bin/initdb")))),
    before: keepServersOff,
  },
};

/** Debian makes and starts a database of its own when it installs a server, unless it is told not to. */
async function keepServersOff(install) {
  await install(["postgresql-common"]);
  const file = "/etc/postgresql-common/createcluster.conf";
  const line = "create_main_cluster = false";
  const text = readFileSync(file, "utf8");
  if (!text.split("\n").includes(line)) writeFileSync(file, `${text.trimEnd()}\n${line}\n`);
}

/**
 * A step that installs what is missing of `names` with apt-get.
 * @throws {Problem} where that needs somebody else: no apt-get, or not root.
 */
export function debianPackages(names) {
  const missing = () => names.filter((name) => !programs[name].found());
  return {
    title: "system packages",
    space: 600,
    done: () => missing().length === 0,
    async run(report) {
      const wanted = missing();
      const packages = wanted.flatMap((name) => programs[name].packages);
      if (!onPath("apt-get") || process.getuid() !== 0)
        throw new Problem(`this machine lacks ${wanted.join(", ")}`, {
          remedy: `install them as root (Debian, Ubuntu: apt-get install ${packages.join(" ")}) and run the same command again`,
        });
      const env = { DEBIAN_FRONTEND: "noninteractive" };
      const apt = (...args) => run("apt-get", ["-y", "-q", ...args], { env, onLine: report });
      const install = (some) => apt("install", "--no-install-recommends", ...some);
      try {
        await apt("update");
        for (const name of wanted) await programs[name].before?.(install);
        await install(packages);
      } catch (failure) {
        throw explainInstall(`installing ${packages.join(", ")}`, "Debian", failure);
      }
      return packages.join(", ");
    },
  };
}
