import { createHash, randomUUID } from "node:crypto";

/**
 * The session id that drivers see: a UUID (version 8, RFC 9562) made of user and session. Sail gives a session to
 * whoever knows its id and ignores the user; so ids of different users must never meet on a driver.
 */
export function driverSessionId(userId: string, sessionId: string): string {
  const hash = createHash("sha256")
    .update(`${Buffer.byteLength(userId)}:${userId}:${sessionId.toLowerCase()}`)
    .digest();
  hash.writeUInt8(0x80 | (hash.readUInt8(6) & 0x0f), 6);
  hash.writeUInt8(0x80 | (hash.readUInt8(8) & 0x3f), 8);
  const hex = hash.toString("hex", 0, 16);
  return [hex.slice(0, 8), hex.slice(8, 12), hex.slice(12, 16), hex.slice(16, 20), hex.slice(20)].join("-");
}

/**
 * An id under which a driver is to know a session. Random, because Sail gives a session to whoever knows its id, and
 * never given twice, because an id that has ended on a driver, or whose journal was replayed by half, is of no use.
 */
export function newDriverSessionId(): string {
  return randomUUID();
}
