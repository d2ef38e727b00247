import assert from "node:assert/strict";
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { after, test } from "node:test";
import type { ConfigurationFlags, GatewayConfiguration } from "./configuration.ts";
import { ConfigurationError } from "./configuration-error.ts";
import { gatewaySchema } from "./gateway-schema.ts";
import { readConfiguration } from "./read-configuration.ts";

const root = await mkdtemp(join(tmpdir(), "duet-gateway-configuration-"));
after(() => rm(root, { recursive: true, force: true }));
const home = join(root, "home");
let folders = 0;

/** Reads the configuration of a fresh folder with this `duet.toml`. */
async function read(
  toml: string | undefined,
  flags: ConfigurationFlags = {},
  environment: NodeJS.ProcessEnv = {},
): Promise<GatewayConfiguration & { readonly directory: string }> {
  folders += 1;
  const directory = join(root, `folder-${folders}`);
  await mkdir(directory, { recursive: true });
  if (toml !== undefined) await writeFile(join(directory, "duet.toml"), toml);
  return { ...(await readConfiguration(flags, { directory, home, environment })), directory };
}

/** What is wrong with a `duet.toml`, each mistake without the folder that it is in. */
async function mistakes(
  toml: string | undefined,
  flags: ConfigurationFlags = {},
  environment: NodeJS.ProcessEnv = {},
): Promise<readonly string[]> {
  try {
    await read(toml, flags, environment);
  } catch (error) {
    assert.ok(error instanceof ConfigurationError, String(error));
    return error.details.map((line) => line.replace(/^\S*\/duet\.toml:/u, ""));
  }
  return assert.fail("the configuration was read");
}

test("without a configuration there are two Sail drivers on loopback, and SQLite", async () => {
  const configuration = await read(undefined);
  assert.equal(configuration.file, undefined);
  assert.deepEqual(configuration.listen, { host: "127.0.0.1", port: 15_002 });
  assert.deepEqual(configuration.admin, { host: "127.0.0.1", port: 15_003 });
  assert.deepEqual(
    configuration.drivers.map(({ id, pool, source }) => [id, pool, source.kind]),
    [
      ["sail-1", "default", "sail"],
      ["sail-2", "default", "sail"],
    ],
  );
  assert.deepEqual(configuration.store, { type: "sqlite", file: join(home, "gateway", "sessions.db") });
  assert.deepEqual(configuration.identity, {});
});

test("the command line says which drivers, and where to listen", async () => {
  const listen = { host: "::1", port: 0 };
  const configuration = await read(undefined, { spark: "apache", count: 3, listen });
  assert.deepEqual(configuration.listen, listen);
  assert.deepEqual(
    configuration.drivers.map(({ id, source }) => [id, source.kind]),
    [1, 2, 3].map((number) => [`apache-${number}`, "spark"]),
  );
});

const FULL = `
default-profile = "work"

[gateway]
listen = "0.0.0.0:15002"
patience = "10s"
idle = "2h"
drain-deadline = "10min"
reattach-grace = "90s"
end-grace = "5s"

[gateway.admin]
listen = "0.0.0.0:15003"
token-env = "ADMIN_TOKEN"

[gateway.tls]
certificate = "server.pem"
key = "/etc/keys/server.key"
client-ca = "ca.pem"

[gateway.authentication]
tokens = "tokens.toml"
certificates = "email"

[gateway.authentication.jwt]
issuer = "https://login.example"
audience = "spark"
keys = "https://login.example/keys"
user-claim = "email"

[gateway.limits]
sessions = 20
[gateway.limits.users.anna]
operations = 50
result-size = "10GiB"

[gateway.store]
type = "postgres"

[gateway.journal]
size = "16MiB"

[gateway.audit]
statements = "digest"

[gateway.drivers.small]
kind = "sail"
count = 2
memory = "4GiB"

[gateway.drivers.big]
kind = "spark"
version = "4.1.1"
master = "yarn"
pool = "big"
capacity = 20
settings = { "spark.executor.instances" = 4, "spark.dynamicAllocation.enabled" = false }
environment = { HADOOP_CONF_DIR = "/etc/hadoop/conf" }

[gateway.drivers.old]
kind = "address"
address = "10.0.0.7:15002"
version = "3.5"
`;

test("a whole configuration is read, with paths that count from the file and secrets from the environment", async () => {
  const environment = { ADMIN_TOKEN: "secret\n", DUET_GATEWAY_STORE: "postgres://duet@db/duet" };
  const { directory, file, drivers, ...rest } = await read(FULL, {}, environment);
  assert.deepEqual(drivers, [
    ...[1, 2].map((number) => ({
      ...{ id: `small-${number}`, pool: "default", capacity: 100 },
      source: { kind: "sail", memory: 4 * 2 ** 30, environment: {} },
    })),
    {
      ...{ id: "big", pool: "big", capacity: 20 },
      source: {
        ...{ kind: "spark", version: "4.1.1", home: undefined, master: "yarn" },
        settings: { "spark.executor.instances": "4", "spark.dynamicAllocation.enabled": "false" },
        environment: { HADOOP_CONF_DIR: "/etc/hadoop/conf" },
      },
    },
    {
      ...{ id: "old", pool: "default", capacity: 100 },
      source: { kind: "address", address: { host: "10.0.0.7", port: 15_002 }, version: "3.5" },
    },
  ]);
  assert.equal(file, join(directory, "duet.toml"));
  assert.deepEqual(rest, {
    listen: { host: "0.0.0.0", port: 15_002 },
    admin: { host: "0.0.0.0", port: 15_003 },
    adminToken: "secret",
    tls: {
      certificate: join(directory, "server.pem"),
      key: "/etc/keys/server.key",
      clientAuthority: join(directory, "ca.pem"),
    },
    identity: {
      tokens: { file: join(directory, "tokens.toml") },
      jsonWebTokens: {
        ...{ issuer: "https://login.example", audience: "spark", userClaim: "email" },
        keys: { url: "https://login.example/keys" },
      },
      certificates: { user: "email" },
    },
    limits: { sessions: 20, users: { anna: { operations: 50, resultBytes: 10 * 2 ** 30 } } },
    store: { type: "postgres", url: "postgres://duet@db/duet" },
    ...{
      patience: 10_000,
      longestIdle: 7_200_000,
      drainDeadline: 600_000,
      reattachGrace: 90_000,
      endGrace: 5_000,
    },
    journal: { bytes: 16 * 2 ** 20, entries: 2_000 },
    audit: { file: join(home, "gateway", "audit.jsonl"), statements: "digest" },
    log: { file: undefined, level: "info" },
  });
});

test("the manual's configuration has every setting, and is one", async () => {
  const manual = await readFile(join(import.meta.dirname, "../../../../docs/gateway.md"), "utf8");
  const [, toml = ""] = /```toml\n(.*?)```/su.exec(manual) ?? [];
  const { drivers, listen } = await read(toml, {}, { DUET_ADMIN_TOKEN: "secret" });
  assert.deepEqual(listen, { host: "127.0.0.1", port: 15_002 });
  assert.deepEqual(
    drivers.map(({ id }) => id),
    ["sail-1", "sail-2", "spark", "other"],
  );
  for (const key of Object.keys(gatewaySchema.entries))
    assert.match(toml, new RegExp(`^${key} *=|^\\[gateway\\.${key}[.\\]]`, "mu"));
});

test("all mistakes come at once, each with its line and what it should be", async () => {
  const toml = [
    "[gateway]",
    'listen = "nowhere"',
    "patience = 7",
    "",
    "[gateway.drivers.a]",
    'kind = "sail"',
    "capcity = 3",
    'memory = "8 gigabytes"',
    "[gateway.drivers.b]",
    'kind = "sparc"',
    "[gateway.drivers.c]",
    'pool = "p"',
    "[gateway.drivers.d]",
    'kind = "address"',
    "[gateway.tls]",
    'key = "k"',
    "[gateway.store]",
    'type = "sqlite3"',
  ].join("\n");
  assert.deepEqual(await mistakes(toml), [
    "2: gateway.listen is not an address like 127.0.0.1:15002, [::1]:15002 or host.example:15002",
    "3: gateway.patience is no text; it is a duration like 500ms, 30s, 10min, 1h or 7d",
    "7: gateway.drivers.a.capcity is no setting; did you mean `capacity`?",
    "8: gateway.drivers.a.memory is not a size like 64MiB or 8GB",
    "10: gateway.drivers.b.kind is neither sail, spark nor address",
    "11: gateway.drivers.c.kind is missing",
    "13: gateway.drivers.d.address is missing",
    "15: gateway.tls.certificate is missing",
    "18: gateway.store.type is neither memory, sqlite nor postgres",
  ]);
});

test("what others reach must be encrypted and ask who they are; so must the admin listener", async () => {
  const toml = `[gateway]\nlisten = "0.0.0.0:15002"\n[gateway.admin]\nlisten = "10.0.0.1:15003"`;
  assert.deepEqual(await mistakes(toml), [
    "2: gateway.listen 0.0.0.0 is reached by others: add [gateway.tls]",
    "2: gateway.listen 0.0.0.0 is reached by others: add [gateway.authentication]",
    "4: gateway.admin.listen 10.0.0.1 is reached by others: name a token by `token-env` or `token-file`",
  ]);
  assert.deepEqual(await mistakes(undefined, { listen: { host: "10.0.0.1", port: 1 } }), [
    "gateway.listen 10.0.0.1 is reached by others: add [gateway.tls]",
    "gateway.listen 10.0.0.1 is reached by others: add [gateway.authentication]",
  ]);
});

test("what one setting says is checked against the others", async () => {
  const cases: readonly (readonly [toml: string, mistake: RegExp, flags?: ConfigurationFlags])[] = [
    ['[gateway.authentication]\ncertificates = "email"', /2: .*certificates needs `client-ca`/u],
    [
      '[gateway.authentication.jwt]\nissuer = "i"\naudience = "a"\nkeys = "http://login.example/keys"',
      /4: .*keys must come over https/u,
    ],
    ['[gateway.store]\ntype = "postgres"', /1: gateway\.store DUET_GATEWAY_STORE is not set/u],
    ['[gateway.admin]\ntoken-env = "NOT_THERE"', /2: .*token-env names NOT_THERE, which is not set/u],
    ['[gateway.admin]\ntoken-file = "nowhere"', /2: .*token-file cannot be read: ENOENT/u],
    [
      '[gateway.drivers.a]\nkind = "sail"\ncount = 2\n[gateway.drivers.a-1]\nkind = "sail"',
      /4: gateway\.drivers\.a-1 is also a driver of a table with `count`/u,
    ],
    ['[gateway.drivers.a]\nkind = "sail"', /--spark and --drivers have no effect/u, { count: 3 }],
    ["[gateway]\nlisten = ", /2: this is no TOML/u],
  ];
  for (const [toml, mistake, flags] of cases) {
    const [first = "", ...others] = await mistakes(toml, flags);
    assert.match(first, mistake);
    assert.deepEqual(others, []);
  }
});

test("a file that is named stands in place of duet.toml, and must have the table", async () => {
  const file = join(root, "gateway.toml");
  await writeFile(file, '[gateway.drivers.a]\nkind = "sail"');
  const configuration = await read('[gateway.drivers.b]\nkind = "sail"', { file });
  assert.deepEqual(
    configuration.drivers.map(({ id }) => id),
    ["a"],
  );
  await writeFile(file, "[profiles.work]\n");
  await assert.rejects(read(undefined, { file }), { code: "configuration-missing" });
  await assert.rejects(read(undefined, { file: join(root, "nowhere.toml") }), {
    code: "configuration-missing",
  });
});

test("the PostgreSQL of the environment is taken where the file says nothing of a store", async () => {
  const url = "postgresql://duet:password@db:5432/duet";
  assert.deepEqual((await read(undefined, {}, { DUET_GATEWAY_STORE: url })).store, { type: "postgres", url });
});
