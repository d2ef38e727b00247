import type { ExecutePlanResponse } from "./generated/spark/connect/base_pb.js";

/** Servers keep answers for a reattach until they are released; a release per answer would cost more than it saves. */
const BYTES_BETWEEN_RELEASES = 8 * 1024 * 1024;

/** Decides when the answers that were read so far are released at the server: one release at a time, every 8 MB. */
export class ReleaseSchedule {
  readonly #release: (responseId: string) => Promise<void>;
  #unreleasedBytes = 0;
  #releasing = false;

  constructor(release: (responseId: string) => Promise<void>) {
    this.#release = release;
  }

  /** Counts an answer that has been read. */
  received({ responseId, responseType }: ExecutePlanResponse): void {
    this.#unreleasedBytes += responseType.case === "arrowBatch" ? responseType.value.data.length : 0;
    if (this.#unreleasedBytes < BYTES_BETWEEN_RELEASES || this.#releasing) {
      return;
    }
    this.#unreleasedBytes = 0;
    this.#releasing = true;
    void this.#release(responseId).finally(() => {
      this.#releasing = false;
    });
  }
}
