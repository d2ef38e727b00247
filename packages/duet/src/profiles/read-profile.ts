import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { dirname, resolve } from "node:path";
import { duetHome } from "../embedded/installation.ts";
import { EMBEDDED_PROFILE, type Profile, type ProfileRay, type ProfileSpark } from "./profile.ts";
import { ProfileError } from "./profile-error.ts";
import { type ProfileFile, profileFiles } from "./profile-files.ts";
import type { ProfileTable } from "./profile-schema.ts";

/** Characters of the largest `ca-file`: some ten certificates. */
const LARGEST_AUTHORITIES = 32_768;

/** Where profiles are looked for; left out: the process's own. */
export interface ProfilePlaces {
  readonly directory?: string;
  /** `$DUET_HOME` */
  readonly home?: string;
  readonly environment?: NodeJS.ProcessEnv;
}

/**
 * Gives a profile: the one of this name, else `DUET_PROFILE`'s, else the nearest `default-profile`, else the built-in
 * `embedded`. A name is looked for in `duet.toml` from the working directory upwards, then in `$DUET_HOME`.
 * @throws {ProfileError}
 */
export async function readProfile(name?: string, places: ProfilePlaces = {}): Promise<Profile> {
  const environment = places.environment ?? process.env;
  const files = await profileFiles(places.directory ?? process.cwd(), places.home ?? duetHome());
  const variable = environment.DUET_PROFILE === "" ? undefined : environment.DUET_PROFILE;
  if (files.length === 0 && [undefined, EMBEDDED_PROFILE.name].includes(name ?? variable))
    return EMBEDDED_PROFILE;
  // Loaded here: most machines have no duet.toml, and the readers of TOML and schemas take 10 ms.
  const { nearName, parseFile, parseProfile } = await import("./parse-profiles.ts");
  const parsed = files.map(parseFile);
  const declared = parsed.find(({ defaultProfile }) => defaultProfile !== undefined)?.defaultProfile;
  const wanted = name ?? variable ?? declared ?? EMBEDDED_PROFILE.name;
  const found = parsed.find(({ profiles }) => profiles.has(wanted));
  if (found !== undefined) {
    const table = parseProfile(found.file, wanted, found.profiles.get(wanted));
    return resolveProfile(wanted, found.file, table, environment);
  }
  if (wanted === EMBEDDED_PROFILE.name) return EMBEDDED_PROFILE;
  const known = [
    ...new Set([...parsed.flatMap(({ profiles }) => [...profiles.keys()]), EMBEDDED_PROFILE.name]),
  ];
  const near = nearName(wanted, known);
  throw new ProfileError(
    "profile-unknown",
    `there is no profile ${wanted}`,
    near === undefined
      ? `there are: ${known.join(", ")} (${placesText(files)})`
      : `did you mean \`${near}\`?`,
  );
}

/** A profile, where one of this name can be read here. */
export async function profileIfThere(name: string): Promise<Profile | undefined> {
  try {
    return await readProfile(name);
  } catch (error) {
    if (error instanceof ProfileError) return undefined;
    throw error;
  }
}

function placesText(files: readonly ProfileFile[]): string {
  return files.length === 0
    ? "no duet.toml was found"
    : `read from ${files.map(({ path }) => path).join(", ")}`;
}

async function resolveProfile(
  name: string,
  file: ProfileFile,
  table: ProfileTable,
  environment: NodeJS.ProcessEnv,
): Promise<Profile> {
  const secret = (source: TokenSource): Promise<string | undefined> =>
    readToken(name, file, source, environment);
  const ray = table.ray === undefined ? undefined : await resolveRay(name, file, table.ray, secret);
  return {
    name,
    file: file.path,
    spark: await resolveSpark(name, file, table.spark, secret, environment),
    ...(ray === undefined ? {} : { ray }),
    ...(table.lake === undefined ? {} : { lake: localPath(table.lake) }),
  };
}

interface TokenSource {
  readonly variable: string | undefined;
  readonly file: string | undefined;
}

async function resolveSpark(
  name: string,
  file: ProfileFile,
  spark: ProfileTable["spark"],
  secret: (source: TokenSource) => Promise<string | undefined>,
  environment: NodeJS.ProcessEnv,
): Promise<ProfileSpark> {
  const url = typeof spark === "object" ? spark.url : (spark ?? "sail");
  if (url === "sail" || url === "apache") return { kind: url };
  if (typeof spark !== "object") return { kind: "remote", url };
  const token = await secret({ variable: spark["token-env"], file: spark["token-file"] });
  const path = spark["ca-file"];
  const authorities =
    path === undefined ? undefined : await readAuthorities(name, file, beside(file, path, environment));
  return {
    ...{ kind: "remote", url },
    ...(token === undefined ? {} : { token }),
    ...(authorities === undefined ? {} : { authorities }),
  };
}

/** They travel with the run, as far as a script's processes: a system's whole bundle is too much. */
async function readAuthorities(name: string, profile: ProfileFile, path: string): Promise<string> {
  const wrong = (what: string, help: string) =>
    new ProfileError("profile-invalid", `${profile.path}: the profile ${name}: ca-file ${what}`, help);
  let content: string;
  try {
    content = await readFile(path, "utf8");
  } catch (error) {
    const { code = "" } = error as NodeJS.ErrnoException;
    throw wrong(`${path} cannot be read (${code})`, "check the path");
  }
  if (!content.includes("-----BEGIN CERTIFICATE-----"))
    throw wrong(`${path} holds no certificate`, "name a PEM file with the certificate of Spark's authority");
  if (content.length > LARGEST_AUTHORITIES)
    throw wrong(
      `${path} is larger than ${LARGEST_AUTHORITIES} bytes`,
      "name only the authority of this Spark",
    );
  return content;
}

/** A path as a profile writes it: from its own folder, or from the user's home. */
function beside(profile: ProfileFile, path: string, environment: NodeJS.ProcessEnv): string {
  return resolve(dirname(profile.path), path.replace(/^~(?=\/)/u, environment.HOME ?? "~"));
}

async function resolveRay(
  name: string,
  file: ProfileFile,
  ray: NonNullable<ProfileTable["ray"]>,
  secret: (source: TokenSource) => Promise<string | undefined>,
): Promise<ProfileRay> {
  const token = await secret({ variable: ray["token-env"], file: ray["token-file"] });
  const bridgeToken = await secret({ variable: ray["bridge-token-env"], file: ray["bridge-token-file"] });
  const { jobs, address, bridge, python, pyspark } = ray;
  if (bridge !== undefined && bridgeToken === undefined) {
    throw new ProfileError(
      "profile-incomplete",
      `${file.path}: profiles.${name}.ray.bridge has no token`,
      "name the environment variable or file that holds it: `bridge-token-env` or `bridge-token-file`",
    );
  }
  return {
    ...(jobs === undefined ? {} : { jobs: jobs.replace(/\/+$/u, "") }),
    ...(address === undefined ? {} : { address }),
    ...(token === undefined ? {} : { token }),
    ...(bridge === undefined || bridgeToken === undefined
      ? {}
      : { bridge: { url: bridge.replace(/\/+$/u, ""), token: bridgeToken } }),
    ...(python === undefined ? {} : { python }),
    ...(pyspark === undefined ? {} : { pyspark }),
  };
}

/** A token is read when its profile is used, from where the profile says. */
async function readToken(
  name: string,
  profile: ProfileFile,
  source: TokenSource,
  environment: NodeJS.ProcessEnv,
): Promise<string | undefined> {
  const missing = (what: string, help: string): ProfileError =>
    new ProfileError(
      "profile-token-missing",
      `${profile.path}: the profile ${name} needs a token: ${what}`,
      help,
    );
  if (source.variable !== undefined) {
    const value = environment[source.variable]?.trim() ?? "";
    if (value !== "") return value;
    if (source.file === undefined)
      throw missing(`${source.variable} is not set`, `export ${source.variable}=…`);
  }
  if (source.file === undefined) return undefined;
  const path = beside(profile, source.file, environment);
  try {
    const value = (await readFile(path, "utf8")).trim();
    if (value !== "") return value;
  } catch (error) {
    throw missing(
      `${path} cannot be read (${(error as NodeJS.ErrnoException).code ?? ""})`,
      "check the path",
    );
  }
  throw missing(`${path} is empty`, "write the token into it");
}

const localPath = (path: string): string => (path.startsWith("file:") ? fileURLToPath(path) : path);
