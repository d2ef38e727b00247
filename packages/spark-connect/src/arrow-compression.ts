import { compressionRegistry, CompressionType } from "apache-arrow";
import { compressFrameSync, decompressFrameSync } from "lz4-napi";
import { zstdCompressSync, zstdDecompressSync } from "node:zlib";

/**
 * Lets apache-arrow read and write record batches whose buffers are compressed, as
 * `spark.sql.execution.arrow.compression.codec` asks for: LZ4 frames and Zstandard.
 */
export function registerArrowCodecs(): void {
  compressionRegistry.set(CompressionType.LZ4_FRAME, {
    encode: (data) => compressFrameSync(Buffer.from(data.buffer, data.byteOffset, data.byteLength)),
    decode: (data) => decompressFrameSync(Buffer.from(data.buffer, data.byteOffset, data.byteLength)),
  });
  compressionRegistry.set(CompressionType.ZSTD, { encode: zstdCompressSync, decode: zstdDecompressSync });
}
