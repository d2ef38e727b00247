import * as v from "valibot";

const text = (what: string) =>
  v.pipe(v.string(`is no text; it is ${what}`), v.nonEmpty(`is empty; it is ${what}`));

const matching = (pattern: RegExp, what: string) => v.pipe(text(what), v.regex(pattern, `is not ${what}`));

const SPARK = "sail, apache or an address like sc://host:15002";
const JOBS = "the address of Ray's Jobs API like http://host:8265";
const ADDRESS = "the address of Ray's head like host:6379, or ray://host:10001";
const BRIDGE = "the address of a bridge like http://host:8300";

const sparkAddress = v.pipe(
  matching(/^(?:sail|apache|sc:\/\/[^/\s]+\S*)$/u, SPARK),
  v.check((url) => !/;token=/iu.test(url), "holds a token; name it by `token-env` or `token-file` instead"),
);

/** A name of an environment variable or of a file; a token itself never stands in a profile. */
const token = {
  "token-env": v.optional(text("the name of an environment variable")),
  "token-file": v.optional(text("the path of a file")),
};

const sparkTable = v.strictObject({
  url: sparkAddress,
  ...token,
  "ca-file": v.optional(text("the path of a file")),
});

const spark = v.union([sparkAddress, sparkTable], (issue) => firstReason(issue.issues) ?? `is not ${SPARK}`);

const ray = v.strictObject({
  jobs: v.optional(matching(/^https?:\/\/[^/\s]+\S*$/u, JOBS)),
  address: v.optional(matching(/^(?:ray:\/\/)?[^\s/:]+:\d+$|^(?:ray:\/\/)?\[[0-9a-f:.]+\]:\d+$/iu, ADDRESS)),
  ...token,
  bridge: v.optional(matching(/^https?:\/\/[^/\s]+\S*$/u, BRIDGE)),
  "bridge-token-env": v.optional(text("the name of an environment variable")),
  "bridge-token-file": v.optional(text("the path of a file")),
  python: v.optional(matching(/^\//u, "the absolute path of Python on Ray's nodes")),
  pyspark: v.optional(v.boolean("is neither true nor false")),
});

const lake = v.pipe(
  text("a folder that Spark, Ray and the script reach"),
  v.check(
    (path) => !/^[a-z][a-z0-9+.-]*:/iu.test(path) || path.startsWith("file:/"),
    "is on a kind of storage that this version of Duet does not reach; name a folder that is mounted on all nodes",
  ),
  v.check((path) => /^(?:file:(?:\/\/)?)?\//u.test(path), "is no absolute path"),
);

/** One profile as `duet.toml` writes it. */
export const profileSchema = v.strictObject({
  spark: v.optional(spark),
  ray: v.optional(ray),
  lake: v.optional(lake),
});

/** A whole `duet.toml`. The profiles are checked one by one, so that a mistake in one leaves the others usable. */
export const fileSchema = v.strictObject({
  "default-profile": v.optional(text("the name of a profile")),
  profiles: v.optional(v.record(v.string(), v.looseObject({}, "is no table"))),
  // What `duet gateway` reads, and checks then.
  gateway: v.optional(v.unknown()),
});

/** A profile that has been checked. */
export type ProfileTable = v.InferOutput<typeof profileSchema>;

/** The keys that may stand in each table, for near names. */
export const KNOWN_KEYS: Readonly<Record<string, readonly string[]>> = {
  "": Object.keys(fileSchema.entries),
  profile: Object.keys(profileSchema.entries),
  ray: Object.keys(ray.entries),
  spark: Object.keys(sparkTable.entries),
};

function firstReason(issues: readonly v.BaseIssue<unknown>[] | undefined): string | undefined {
  // Of the two ways to write Spark, the one whose shape fits says what is wrong.
  const deep = issues?.find((issue) => issue.kind !== "schema");
  return deep?.message;
}
