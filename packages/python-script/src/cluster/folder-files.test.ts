import assert from "node:assert/strict";
import { chmod, mkdir, mkdtemp, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { after, test } from "node:test";
import { ScriptRefused } from "../script-refused.ts";
import { folderFiles } from "./folder-files.ts";

const root = await mkdtemp(join(tmpdir(), "duet-folder-"));
after(() => rm(root, { recursive: true, force: true }));
let folders = 0;

async function folder(files: Readonly<Record<string, string>>): Promise<string> {
  folders += 1;
  const path = join(root, String(folders));
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(path, name)), { recursive: true });
    await writeFile(join(path, name), text);
  }
  return path;
}

const names = async (path: string): Promise<readonly string[]> =>
  (await folderFiles(path)).map((file) => file.path);

const MODULES = { "train.py": "", "model/net.py": "" };

test("histories, environments, caches and secrets stay here", async () => {
  const path = await folder({
    ...MODULES,
    ...{ ".git/HEAD": "", ".venv/bin/python": "", "__pycache__/a.pyc": "", "model/__pycache__/b.pyc": "" },
    ...{ ".env": "SECRET=1", "node_modules/x/y.js": "", "data/small.csv": "1" },
  });
  assert.deepEqual(await names(path), ["data/small.csv", "model/net.py", "train.py"]);
});

test(".duetignore decides alone, and may take in again what stays here by default", async () => {
  const ignored = { ".gitignore": "*.csv", ".duetignore": "big/\n!.env\n" };
  const path = await folder({ ...MODULES, ...ignored, ".env": "", "a.csv": "", "big/b.bin": "" });
  assert.deepEqual(await names(path), [
    ".duetignore",
    ".env",
    ".gitignore",
    "a.csv",
    "model/net.py",
    "train.py",
  ]);
});

test("without it .gitignore does, also those of folders further down", async () => {
  const ignored = { ".gitignore": "*.csv\n/out", "kept/.gitignore": "!kept.csv\n" };
  const path = await folder({
    "a.csv": "",
    "kept/kept.csv": "",
    "kept/other.csv": "",
    "out/x": "",
    ...ignored,
  });
  assert.deepEqual(await names(path), [".gitignore", "kept/.gitignore", "kept/kept.csv"]);
});

test("links are followed, but not in circles, and programs stay programs", async () => {
  const path = await folder({ ...MODULES, "tool.sh": "" });
  await chmod(join(path, "tool.sh"), 0o755);
  await symlink(path, join(path, "model", "again"));
  await symlink(join(path, "nowhere"), join(path, "broken"));
  await symlink(join(await folder({ "shared.py": "x = 1" }), "shared.py"), join(path, "shared.py"));
  const files = await folderFiles(path);
  assert.deepEqual(
    files.map((file) => file.path),
    ["model/net.py", "shared.py", "tool.sh", "train.py"],
  );
  assert.deepEqual(
    files.filter((file) => file.executable).map((file) => file.path),
    ["tool.sh"],
  );
  assert.equal(files[1]?.content.toString(), "x = 1");
});

test("a folder that is too large is refused with its largest files", async () => {
  const path = await folder({ ...MODULES, "data/big.bin": "x".repeat(3000), "data/small.bin": "x" });
  await assert.rejects(folderFiles(path, 2000), (error) => {
    assert.ok(error instanceof ScriptRefused);
    assert.equal(error.code, "folder-too-large");
    assert.match(error.message, /big\.bin/u);
    assert.match(error.help ?? "", /\.duetignore/u);
    return true;
  });
});

test("a folder that may not be read is named", async () => {
  await assert.rejects(folderFiles(join(root, "missing")), { code: "folder-unreadable" });
});
