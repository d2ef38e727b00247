import * as v from "valibot";
import { ADDRESS, DURATION, parseAddress, parseDuration, parseSize, SIZE } from "./units.ts";

const text = (what: string) =>
  v.pipe(v.string(`is no text; it is ${what}`), v.nonEmpty(`is empty; it is ${what}`));

const count = (least: number) => {
  const message = `is no whole number from ${least} on`;
  return v.pipe(v.number(message), v.integer(message), v.minValue(least, message));
};

/** Reads a text by one of the functions of `units.ts`. */
const read = <T>(parse: (text: string) => T | undefined, what: string) =>
  v.pipe(
    text(what),
    v.rawTransform(({ dataset, addIssue, NEVER }) => {
      const value = parse(dataset.value);
      if (value !== undefined) return value;
      addIssue({ message: `is not ${what}` });
      return NEVER;
    }),
  );

const duration = read(parseDuration, DURATION);
const size = read(parseSize, SIZE);
const address = read(parseAddress, ADDRESS);
const file = text("the path of a file");
const variable = text("the name of an environment variable");
const texts = (what: string) => v.record(v.string(), v.string(`is no text; it is ${what}`), "is no table");

const label = v.pipe(
  text("a name"),
  v.regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/u,
    "is no name: letters, digits, points, dashes and underscores, at most 63, the first a letter or a digit",
  ),
);

const anyDriver = {
  pool: v.optional(label),
  capacity: v.optional(count(1)),
};

const ownDriver = {
  ...anyDriver,
  count: v.optional(count(1)),
  environment: v.optional(texts("the value of an environment variable")),
};

const driverKinds = {
  sail: v.strictObject({ kind: v.literal("sail"), ...ownDriver, memory: v.optional(size) }),
  spark: v.strictObject({
    ...{ kind: v.literal("spark"), ...ownDriver },
    version: v.optional(
      v.pipe(text("a version like 4.1.1"), v.regex(/^\d+(\.\d+)+\S*$/u, "is no version like 4.1.1")),
    ),
    home: v.optional(v.pipe(file, v.startsWith("/", "is no absolute path"))),
    master: v.optional(text("a master like local[*] or yarn")),
    settings: v.optional(
      v.record(
        v.string(),
        v.pipe(
          v.union([v.string(), v.number(), v.boolean()], "is no text, number, true or false"),
          v.transform(String),
        ),
        "is no table",
      ),
    ),
  }),
  address: v.strictObject({
    ...{ kind: v.literal("address"), ...anyDriver },
    address,
    version: v.optional(text("a version for people")),
  }),
};

const driver = v.variant(
  "kind",
  [driverKinds.sail, driverKinds.spark, driverKinds.address],
  "is neither sail, spark nor address",
);

/** Where a client certificate may name its user. */
const CERTIFICATE_USERS = ["common-name", "email", "uri", "dns"] as const;

const jwt = v.strictObject({
  issuer: text("the issuer of the tokens (iss)"),
  audience: text("the audience of the tokens (aud)"),
  keys: text("the path of a file with keys, or the https:// address of a JWKS"),
  "user-claim": v.optional(text("the name of a claim")),
  "pool-claim": v.optional(text("the name of a claim")),
});

const authentication = v.strictObject({
  tokens: v.optional(file),
  jwt: v.optional(jwt),
  certificates: v.optional(v.picklist(CERTIFICATE_USERS, `is none of ${CERTIFICATE_USERS.join(", ")}`)),
});

const tls = v.strictObject({ certificate: file, key: file, "client-ca": v.optional(file) });

const store = v.variant(
  "type",
  [
    v.strictObject({ type: v.literal("memory") }),
    v.strictObject({ type: v.literal("sqlite"), file: v.optional(file) }),
    v.strictObject({ type: v.literal("postgres"), "url-env": v.optional(variable) }),
  ],
  "is neither memory, sqlite nor postgres",
);

const userLimits = {
  sessions: v.optional(count(1)),
  operations: v.optional(count(1)),
  "result-size": v.optional(size),
};

const limits = v.strictObject({
  ...userLimits,
  users: v.optional(v.record(v.string(), v.strictObject(userLimits), "is no table")),
});

const journal = v.strictObject({ size: v.optional(size), entries: v.optional(count(1)) });

const audit = v.strictObject({
  file: v.optional(file),
  statements: v.optional(v.picklist(["text", "digest"], "is neither text nor digest")),
});

const log = v.strictObject({
  file: v.optional(file),
  level: v.optional(v.picklist(["debug", "info", "warn", "error"], "is neither debug, info, warn nor error")),
});

const admin = v.strictObject({
  listen: v.optional(address),
  "token-env": v.optional(variable),
  "token-file": v.optional(file),
});

/** The table `[gateway]` of a `duet.toml`. */
export const gatewaySchema = v.strictObject({
  listen: v.optional(address),
  patience: v.optional(duration),
  idle: v.optional(duration),
  "drain-deadline": v.optional(duration),
  "reattach-grace": v.optional(duration),
  "end-grace": v.optional(duration),
  drivers: v.optional(v.record(label, driver, "is no table")),
  ...{ admin: v.optional(admin), tls: v.optional(tls), authentication: v.optional(authentication) },
  ...{ store: v.optional(store), limits: v.optional(limits), journal: v.optional(journal) },
  ...{ audit: v.optional(audit), log: v.optional(log) },
});

/** The table once it was read: durations are milliseconds, sizes bytes. */
export type GatewayTable = v.InferOutput<typeof gatewaySchema>;

/** A driver, or several alike, as a `duet.toml` describes them. */
export type DriverTable = NonNullable<GatewayTable["drivers"]>[string];

const keysOf = (schema: { readonly entries: object }): readonly string[] => Object.keys(schema.entries);

const TABLES: Readonly<Record<string, readonly string[]>> = {
  ...{ admin: keysOf(admin), tls: keysOf(tls), authentication: keysOf(authentication) },
  ...{ store: ["type", "file", "url-env"], limits: keysOf(limits), journal: keysOf(journal) },
  ...{ audit: keysOf(audit), log: keysOf(log) },
};

/** The settings that may stand in the table where this key stands, whose place is given without `gateway`. */
export function knownKeys(path: readonly string[], kind: unknown): readonly string[] {
  const [table, , third] = path;
  if (path.length <= 1 || table === undefined) return keysOf(gatewaySchema);
  if (table === "drivers" && third !== undefined) {
    return Object.hasOwn(driverKinds, String(kind))
      ? keysOf(driverKinds[kind as keyof typeof driverKinds])
      : [];
  }
  if (table === "authentication" && path.length === 3) return keysOf(jwt);
  if (table === "limits" && path.length === 4) return Object.keys(userLimits);
  return TABLES[table] ?? [];
}
