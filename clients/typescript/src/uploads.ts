// Uploads: a file on its way, with how far it has come.
import { describe, readReply, type Reply } from "./requests.js";

export interface Upload {
  headers: Record<string, string>;
  /** Called with how much of the file has left, from 0 to 1. */
  onProgress?: (share: number) => void;
  signal?: AbortSignal;
}

/** Send a file. Browsers tell how far it is through XMLHttpRequest alone; elsewhere what is read of the file tells it. */
export async function sendFile(send: typeof fetch, address: string, file: Blob, upload: Upload): Promise<Reply> {
  upload.signal?.throwIfAborted();
  try {
    const { status, payload, ...more } =
      typeof XMLHttpRequest === "undefined"
        ? await sendStream(send, address, file, upload)
        : await sendRequest(address, file, upload);
    return { status, payload: status === 201 ? { data: payload } : payload, ...more };
  } catch (problem) {
    upload.signal?.throwIfAborted();
    return { status: 0, payload: describe("NETWORK", String(problem)) };
  }
}

async function sendStream(send: typeof fetch, address: string, file: Blob, { headers, onProgress, signal }: Upload) {
  let sent = 0;
  const counter = new TransformStream<Uint8Array, Uint8Array>({
    transform(piece, controller) {
      controller.enqueue(piece);
      onProgress?.((sent += piece.length) / file.size);
    },
  });
  const body = onProgress ? file.stream().pipeThrough(counter as any) : file;
  return readReply(await send(address, { method: "POST", headers, body, signal, duplex: "half" } as RequestInit));
}

function sendRequest(address: string, file: Blob, { headers, onProgress, signal }: Upload): Promise<Reply> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    request.open("POST", address);
    for (const [name, value] of Object.entries(headers)) request.setRequestHeader(name, value);
    request.upload.onprogress = ({ loaded, total }) => onProgress?.(total ? loaded / total : 0);
    request.onload = () => {
      const after = request.getResponseHeader("retry-after");
      const headers = after ? { "retry-after": after } : undefined;
      resolve(readReply(new Response(request.responseText, { status: request.status, headers })));
    };
    request.onerror = () => reject(new Error("No answer came."));
    request.onabort = () => reject(signal?.reason);
    signal?.addEventListener("abort", () => request.abort(), { once: true });
    request.send(file);
  });
}
