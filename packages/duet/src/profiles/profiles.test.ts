import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import { keyLine } from "./key-line.ts";
import { sparkConnectUrl } from "./profile.ts";
import { ProfileError } from "./profile-error.ts";
import { readProfile } from "./read-profile.ts";

const root = await mkdtemp(join(tmpdir(), "duet-profiles-"));
after(() => rm(root, { recursive: true, force: true }));
const home = join(root, "home");
let folders = 0;

/** A fresh directory below `root` with this `duet.toml`. */
async function project(toml?: string): Promise<string> {
  folders += 1;
  const directory = join(root, `project-${folders}`, "inner");
  await mkdir(directory, { recursive: true });
  if (toml !== undefined) await writeFile(join(directory, "..", "duet.toml"), toml);
  return directory;
}

const read = async (toml: string | undefined, name?: string, environment: NodeJS.ProcessEnv = {}) =>
  readProfile(name, { directory: await project(toml), home, environment });

async function failure(
  toml: string,
  name = "work",
  environment: NodeJS.ProcessEnv = {},
): Promise<ProfileError> {
  try {
    await read(toml, name, environment);
  } catch (error) {
    assert.ok(error instanceof ProfileError, String(error));
    return error;
  }
  return assert.fail("the profile was read");
}

const WORK = `default-profile = "work"

[profiles.work]
spark = "sc://spark.example:15002"
lake = "/shared/lake"

[profiles.work.ray]
jobs = "http://head:8265/"
address = "head:6379"
token-env = "RAY_TOKEN"
`;

test("without a duet.toml there is the embedded profile", async () => {
  assert.deepEqual(await read(undefined), { name: "embedded", spark: { kind: "sail" } });
});

test("what is said of a gateway beside the profiles is none of their business", async () => {
  assert.equal((await read(`${WORK}\n[gateway]\nlisten = 7\n`, "work", { RAY_TOKEN: "x" })).name, "work");
});

test("a profile is found in a directory above, and chosen by name, by DUET_PROFILE or by default", async () => {
  const profile = await read(WORK, undefined, { RAY_TOKEN: "secret\n" });
  assert.equal(profile.name, "work");
  assert.deepEqual(profile.spark, { kind: "remote", url: "sc://spark.example:15002" });
  assert.deepEqual(profile.ray, { jobs: "http://head:8265", address: "head:6379", token: "secret" });
  assert.equal(profile.lake, "/shared/lake");
  assert.equal((await read(WORK, undefined, { DUET_PROFILE: "embedded" })).name, "embedded");
  assert.equal((await read(WORK, "embedded", { DUET_PROFILE: "work" })).name, "embedded");
});

test("the home's file is looked at last, and a nearer profile hides one of the same name", async () => {
  await mkdir(home, { recursive: true });
  await writeFile(
    join(home, "duet.toml"),
    '[profiles.own]\nspark = "apache"\n[profiles.both]\nspark = "apache"\n',
  );
  const directory = await project('[profiles.both]\nspark = "sail"\n');
  const places = { directory, home, environment: {} };
  assert.equal((await readProfile("own", places)).spark.kind, "apache");
  assert.equal((await readProfile("both", places)).spark.kind, "sail");
  await rm(join(home, "duet.toml"));
});

test("tokens come from the environment or a file beside the profile", async () => {
  const directory = await project(
    '[profiles.work]\nspark = { url = "sc://s:1", token-file = "spark.token" }\nray = { bridge = "http://b:1/", bridge-token-env = "B" }\n',
  );
  await writeFile(join(directory, "..", "spark.token"), "of spark\n");
  const profile = await readProfile("work", { directory, home, environment: { B: "of the bridge" } });
  assert.deepEqual(profile.spark, { kind: "remote", url: "sc://s:1", token: "of spark" });
  assert.deepEqual(profile.ray, { bridge: { url: "http://b:1", token: "of the bridge" } });
  for (const [url, expected] of [
    ["sc://s:1", "sc://s:1/;token=a%3Bb"],
    ["sc://s:1/", "sc://s:1/;token=a%3Bb"],
    ["sc://s:1/;", "sc://s:1/;token=a%3Bb"],
    ["sc://s:1/;use_ssl=true", "sc://s:1/;use_ssl=true;token=a%3Bb"],
    ["sc://s:1/;x-a=b;use_ssl=true;", "sc://s:1/;x-a=b;use_ssl=true;token=a%3Bb"],
  ] as const) {
    assert.equal(sparkConnectUrl({ url, token: "a;b" }), expected);
  }
});

test("authorities come from a file beside the profile, which must hold a few certificates", async () => {
  const directory = await project(
    '[profiles.work]\nspark = { url = "sc://s:1/;use_ssl=true", ca-file = "company.pem" }\n',
  );
  const file = join(directory, "..", "company.pem");
  const readAgain = () => readProfile("work", { directory, home, environment: {} });
  await assert.rejects(readAgain(), /ca-file \S*company\.pem cannot be read \(ENOENT\)/u);
  await writeFile(file, "no certificate");
  await assert.rejects(readAgain(), /company\.pem holds no certificate/u);
  const authorities = "-----BEGIN CERTIFICATE-----\n…\n-----END CERTIFICATE-----\n";
  await writeFile(file, authorities);
  assert.deepEqual((await readAgain()).spark, { kind: "remote", url: "sc://s:1/;use_ssl=true", authorities });
  await writeFile(file, authorities.repeat(1_000));
  await assert.rejects(readAgain(), /company\.pem is larger than 32768 bytes/u);
});

const mistakes: readonly (readonly [
  what: string,
  toml: string,
  code: string,
  message: RegExp,
  help?: RegExp,
])[] = [
  ["no TOML", "[profiles.work]\nspark = sc\n", "profile-invalid", /duet\.toml:2: this is no TOML/u],
  [
    "a wrong key",
    "[profiles.work]\n\nsparc = 'sail'\n",
    "profile-invalid",
    /duet\.toml:3: profiles\.work\.sparc is no setting/u,
    /`spark`/u,
  ],
  [
    "a wrong key of Ray",
    "[profiles.work.ray]\njob = 'x'\n",
    "profile-invalid",
    /duet\.toml:2: profiles\.work\.ray\.job /u,
    /`jobs`/u,
  ],
  ["a key beside the profiles", "default = 'x'\n", "profile-invalid", /duet\.toml:1: default is no setting/u],
  [
    "a wrong Spark",
    "[profiles.work]\nspark = 'spork'\n",
    "profile-invalid",
    /:2: profiles\.work\.spark is not sail, apache/u,
  ],
  [
    "a number",
    "[profiles.work]\nspark = 1\n",
    "profile-invalid",
    /:2: profiles\.work\.spark is not sail, apache/u,
  ],
  [
    "a token in the file",
    "[profiles.work]\nspark = 'sc://h:1/;token=x'\n",
    "profile-invalid",
    /:2: .*holds a token/u,
  ],
  [
    "a dashboard without a scheme",
    "[profiles.work.ray]\njobs = 'head:8265'\n",
    "profile-invalid",
    /:2: .*http:\/\/host:8265/u,
  ],
  [
    "an object store as the lake",
    "[profiles.work]\nlake = 's3://b/x'\n",
    "profile-invalid",
    /:2: .*lake is on a kind of storage/u,
  ],
  [
    "a relative lake",
    "[profiles.work]\nlake = 'lake'\n",
    "profile-invalid",
    /:2: .*lake is no absolute path/u,
  ],
  ["a token that is not there", WORK, "profile-token-missing", /RAY_TOKEN is not set/u, /export RAY_TOKEN/u],
  [
    "a bridge without a token",
    "[profiles.work.ray]\nbridge = 'http://b'\n",
    "profile-incomplete",
    /bridge has no token/u,
  ],
  ["a near name", "[profiles.wrk]\n", "profile-unknown", /no profile work/u, /`wrk`/u],
  ["another name", "[profiles.zzzzzz]\n", "profile-unknown", /no profile work/u, /zzzzzz, embedded/u],
];
for (const [what, toml, code, message, help] of mistakes) {
  test(`${what} is told with its place`, async () => {
    const error = await failure(toml);
    assert.equal(error.code, code, error.message);
    assert.match(error.message, message);
    if (help !== undefined) assert.match(error.help ?? "", help);
  });
}

test("a file that everybody may write is not trusted with tokens", async () => {
  const directory = await project("[profiles.work]\n");
  await chmod(join(directory, "..", "duet.toml"), 0o666);
  await assert.rejects(readProfile("work", { directory, home, environment: {} }), {
    code: "profile-untrusted",
  });
});

test("a key's line is found under its table, else the table's", () => {
  const source = 'a = 1\n[b]\nc = 2\n[b."d.e"]\nf = 3\nx.y = 1\n';
  assert.equal(keyLine(source, ["b", "c"]), 3);
  assert.equal(keyLine(source, ["b", "d.e", "f"]), 5);
  assert.equal(keyLine(source, ["b", "d.e", "x", "y"]), 6);
  assert.equal(keyLine(source, ["b", "d.e", "g"]), 4);
  assert.equal(keyLine(source, ["z"]), 1);
});
