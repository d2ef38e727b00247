import * as v from "valibot";

const text = v.pipe(v.string(), v.nonEmpty());
const count = v.pipe(v.number(), v.integer(), v.minValue(0));

/** Names of drivers and pools: they stand in addresses, labels and tables. */
export const NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/u;

const name = v.pipe(
  v.string(),
  v.regex(NAME, "a name has letters, digits, points, dashes and underscores, at most 63 of them"),
);

/** The body of `POST /drivers`. */
export const driverRequest = v.strictObject({
  id: name,
  host: text,
  port: v.pipe(v.number(), v.integer(), v.minValue(1), v.maxValue(65_535)),
  pool: name,
  capacity: v.pipe(v.number(), v.integer(), v.minValue(1)),
  version: v.exactOptional(text),
});

/** The body of `POST /drivers/ID/drain`. */
export const drainRequest = v.strictObject({ deadline: v.exactOptional(count) });

/** The body of `POST /restart`. */
export const rollingRequest = v.strictObject({
  pool: v.exactOptional(text),
  deadline: v.exactOptional(count),
});

/** The body of `POST /upgrade`. */
export const upgradeRequest = v.strictObject({ ...rollingRequest.entries, version: text });

/** The answer to `GET /drivers`; a driver without a version has not said one yet. */
export const poolReport = v.object({
  url: v.string(),
  drivers: v.array(
    v.object({
      id: v.string(),
      state: v.picklist(["starting", "ready", "draining", "lost", "stopped"]),
      version: v.optional(v.string()),
      pool: v.string(),
      sessions: v.number(),
      capacity: v.number(),
      operations: v.number(),
      because: v.array(v.string()),
    }),
  ),
});

/** A line of the answer to what takes a while; the last one is `done` or `failed`. */
export const progressLine = v.variant("type", [
  v.object({ type: v.literal("progress"), driverId: v.string(), text: v.string() }),
  v.object({ type: v.literal("done") }),
  v.object({ type: v.literal("failed"), code: v.string(), message: v.string() }),
]);

/** The answer to a request that was not done. */
export const failure = v.object({ code: v.string(), message: v.string() });
