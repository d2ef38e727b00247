import { distance } from "fastest-levenshtein";
import { parse, TomlError } from "smol-toml";
import { type BaseIssue, safeParse } from "valibot";
import { keyLine } from "./key-line.ts";
import { ProfileError } from "./profile-error.ts";
import type { ProfileFile } from "./profile-files.ts";
import { fileSchema, KNOWN_KEYS, profileSchema, type ProfileTable } from "./profile-schema.ts";

/** What a `duet.toml` holds; the profiles themselves are not checked yet. */
export interface ParsedFile {
  readonly file: ProfileFile;
  readonly defaultProfile: string | undefined;
  readonly profiles: ReadonlyMap<string, unknown>;
}

/** Reads a `duet.toml`. @throws {ProfileError} `profile-invalid` with the line */
export function parseFile(file: ProfileFile): ParsedFile {
  let content: unknown;
  try {
    content = parse(file.source);
  } catch (error) {
    if (!(error instanceof TomlError)) throw error;
    const [reason = error.message] = error.message.replace(/^Invalid TOML document: /u, "").split("\n");
    throw new ProfileError("profile-invalid", `${file.path}:${error.line}: this is no TOML: ${reason}`);
  }
  const result = safeParse(fileSchema, content);
  if (!result.success) throw issueError(file, [], result.issues[0]);
  return {
    file,
    defaultProfile: result.output["default-profile"],
    profiles: new Map(Object.entries(result.output.profiles ?? {})),
  };
}

/** Checks one profile. @throws {ProfileError} `profile-invalid` with the line of the first mistake */
export function parseProfile(file: ProfileFile, name: string, table: unknown): ProfileTable {
  const result = safeParse(profileSchema, table);
  if (result.success) return result.output;
  throw issueError(file, ["profiles", name], result.issues[0]);
}

/** The nearest of some names, where one is near enough to be what was meant. */
export function nearName(name: string, known: Iterable<string>): string | undefined {
  const near = [...known].map((candidate) => ({ candidate, far: distance(name, candidate) }));
  const [best] = near.toSorted((one, other) => one.far - other.far);
  return best !== undefined && best.far <= Math.max(2, name.length / 3) ? best.candidate : undefined;
}

function issueError(file: ProfileFile, base: readonly string[], issue: BaseIssue<unknown>): ProfileError {
  const path = [...base, ...(issue.path ?? []).map((item) => String(item.key))];
  const place = `${file.path}:${keyLine(file.source, path)}`;
  const key = path.join(".");
  if (issue.type !== "strict_object" || issue.expected !== "never") {
    const reason = issue.type === "strict_object" ? "is no table" : issue.message;
    return new ProfileError("profile-invalid", `${place}: ${key} ${reason}`);
  }
  const known = KNOWN_KEYS[tableOf(path)] ?? [];
  const near = nearName(path.at(-1) ?? "", known);
  return new ProfileError(
    "profile-invalid",
    `${place}: ${key} is no setting`,
    near === undefined ? `there are ${known.join(", ")}` : `did you mean \`${near}\`?`,
  );
}

/** Which table of {@link KNOWN_KEYS} a key stands in. */
function tableOf(path: readonly string[]): string {
  if (path.length === 1) return "";
  return path.length === 3 ? "profile" : (path[2] ?? "");
}
