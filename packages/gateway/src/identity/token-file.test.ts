import assert from "node:assert/strict";
import { rename, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { describe, test } from "node:test";
import { GatewayError } from "../grpc/status.ts";
import { temporaryFolder } from "../testing/temporary-folder.ts";
import { CredentialFileError, tokenHash } from "./credential.ts";
import { openTokenFile } from "./token-file.ts";
import type { OnReread } from "./watched-files.ts";

const ADA = "ada-secret-1";
const BOB = "bob-secret-2";

function entry(user: string, token: string, more = ""): string {
  return `[[token]]\nuser = "${user}"\nsha256 = "${tokenHash(token)}"\n${more}\n`;
}

/** The next time that files are read anew: the error, if any. */
function nextReread(): { readonly onReread: OnReread; next(): Promise<string | undefined> } {
  let told = Promise.withResolvers<string | undefined>();
  return {
    onReread: (_file, error) => {
      told.resolve(error);
    },
    next: async () => {
      const error = await told.promise;
      told = Promise.withResolvers();
      return error;
    },
  };
}

describe("a file of tokens", () => {
  test("names the user and the pool of a token; does not know others", async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, "tokens.toml");
    await writeFile(
      file,
      entry("ada", ADA) + entry("bob", BOB, 'pool = "big"\nexpires = 2999-01-01T00:00:00Z'),
    );
    using tokens = await openTokenFile({ file });
    assert.deepEqual(await tokens.verify(ADA), { userId: "ada", pool: undefined });
    assert.deepEqual(await tokens.verify(BOB), { userId: "bob", pool: "big" });
    assert.equal(await tokens.verify(tokenHash(ADA)), undefined);
    assert.equal(await tokens.verify(""), undefined);
  });

  test("a token that has expired is refused with what to do", async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, "tokens.toml");
    await writeFile(file, entry("ada", ADA, "expires = 2020-01-01T00:00:00Z"));
    using tokens = await openTokenFile({ file });
    await assert.rejects(tokens.verify(ADA), (error) => {
      assert.ok(error instanceof GatewayError);
      assert.equal(error.code, "unauthenticated");
      assert.equal(
        error.message,
        "the token of ada expired at 2020-01-01T00:00:00.000Z: ask whoever runs this gateway for a new one",
      );
      return true;
    });
  });

  test("is read anew when it is written, replaced, and mended", async () => {
    await using folder = await temporaryFolder();
    const file = join(folder.path, "tokens.toml");
    await writeFile(file, entry("ada", ADA));
    const reread = nextReread();
    using tokens = await openTokenFile({ file }, { interval: 10, onReread: reread.onReread });
    await writeFile(`${file}.new`, entry("bob", BOB));
    await rename(`${file}.new`, file);
    assert.equal(await reread.next(), undefined);
    assert.equal(await tokens.verify(ADA), undefined);
    assert.equal((await tokens.verify(BOB))?.userId, "bob");

    // A mistake, with a token where none belongs, leaves what was read before and is not repeated.
    await writeFile(`${file}.new`, `[[token]]\nuser = "ada"\nsha256 = "${ADA}"\n`);
    await rename(`${file}.new`, file);
    const error = await reread.next();
    assert.match(error ?? "", /tokens\.toml: token\.0\.sha256 is no SHA-256 in hexadecimal/u);
    assert.doesNotMatch(error ?? "", new RegExp(ADA, "u"));
    assert.equal((await tokens.verify(BOB))?.userId, "bob");

    await writeFile(`${file}.new`, entry("ada", ADA));
    await rename(`${file}.new`, file);
    assert.equal(await reread.next(), undefined);
    assert.equal((await tokens.verify(ADA))?.userId, "ada");
  });

  for (const [what, source, reason] of [
    ["no TOML", `[[token]]\nuser = ${ADA}`, /:2: this is no TOML$/u],
    [
      "an unknown key",
      entry("ada", ADA, `token = "${ADA}"`),
      /token\.0\.token has an unknown or missing key/u,
    ],
    ["a missing key", '[[token]]\nuser = "ada"\n', /token\.0\.sha256 has an unknown or missing key/u],
    ["one token twice", entry("ada", ADA) + entry("bob", ADA), /ada and bob have the same token/u],
    ["no user", entry("", ADA), /token\.0\.user is empty/u],
    ["a date as text", entry("ada", ADA, 'expires = "soon"'), /token\.0\.expires is no date/u],
  ] as const) {
    test(`with ${what} it is refused, and no token told`, async () => {
      await using folder = await temporaryFolder();
      const file = join(folder.path, "tokens.toml");
      await writeFile(file, source);
      await assert.rejects(openTokenFile({ file }), (error) => {
        assert.ok(error instanceof CredentialFileError);
        assert.match(error.message, reason);
        assert.doesNotMatch(error.message, new RegExp(ADA, "u"));
        return true;
      });
    });
  }
});
