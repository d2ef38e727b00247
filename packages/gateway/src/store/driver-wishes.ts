import type { Database } from "./schema.ts";
import type { DriverWish } from "./session-store.ts";

/** Reads what is wished of drivers. */
export async function readWishes(db: Database): Promise<readonly DriverWish[]> {
  const rows = await db.selectFrom("gateway_driver_wishes").select("wish").orderBy("driver_id").execute();
  return rows.map(({ wish }) => JSON.parse(wish) as DriverWish);
}

/** Notes what is wished of a driver, in place of what was wished of it before. */
export async function writeWish(db: Database, wish: DriverWish): Promise<void> {
  const row = { driver_id: wish.driverId, wish: JSON.stringify(wish) };
  await db
    .insertInto("gateway_driver_wishes")
    .values(row)
    .onConflict((conflict) => conflict.column("driver_id").doUpdateSet({ wish: row.wish }))
    .execute();
}
