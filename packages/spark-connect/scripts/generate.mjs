/**
 * Writes `src/generated/`: Spark Connect's messages and services for TypeScript, from the descriptors inside the
 * `pyspark-client` wheel. protoc-gen-es is called directly, over protoc's plug-in protocol; neither protoc nor buf
 * is needed. Python is taken from DUET_PYTHON, else from the repository's `.venv`.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { create, fromBinary, toBinary } from "@bufbuild/protobuf";
import {
  CodeGeneratorRequestSchema,
  CodeGeneratorResponseSchema,
  FileDescriptorSetSchema,
} from "@bufbuild/protobuf/wkt";

const scripts = dirname(fileURLToPath(import.meta.url));
const target = join(scripts, "..", "src", "generated");
const python = process.env.DUET_PYTHON ?? join(scripts, "..", "..", "..", ".venv", "bin", "python");
const plugin = join(
  dirname(createRequire(import.meta.url).resolve("@bufbuild/protoc-gen-es/package.json")),
  "bin",
  "protoc-gen-es",
);

/** Runs a program that answers on standard output; ends this script with the program's own words if it fails. */
function run(program, parameters, input) {
  const result = spawnSync(program, parameters, { input, maxBuffer: 256 << 20 });
  if (result.error !== undefined || result.status !== 0) {
    const reason = result.error?.message ?? result.stderr.toString().trim();
    console.error(`Cannot generate Spark Connect's wire code: ${program} failed: ${reason}`);
    process.exit(1);
  }
  return result.stdout;
}

const { file: protoFile } = fromBinary(
  FileDescriptorSetSchema,
  run(python, [join(scripts, "descriptors.py")]),
);
const request = create(CodeGeneratorRequestSchema, {
  protoFile,
  // google.protobuf's own types come with @bufbuild/protobuf.
  fileToGenerate: protoFile.map((file) => file.name).filter((name) => !name.startsWith("google/protobuf/")),
  parameter: "target=js+dts,import_extension=js",
});
const response = fromBinary(
  CodeGeneratorResponseSchema,
  run(process.execPath, [plugin], toBinary(CodeGeneratorRequestSchema, request)),
);
if (response.error !== "") {
  console.error(`Cannot generate Spark Connect's wire code: ${response.error}`);
  process.exit(1);
}

rmSync(target, { recursive: true, force: true });
for (const file of response.file) {
  const path = join(target, file.name);
  mkdirSync(dirname(path), { recursive: true });
  writeFileSync(path, file.content);
}
