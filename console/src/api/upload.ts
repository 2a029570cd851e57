/**
 * Bytes that go to the server while their progress is shown: fetch says nothing of what has left. They are sent
 * once: who sends them again after a lost answer looks first.
 */
import { Problem } from "./http";
import { serverAnswered, serverSilent } from "./presence";

function refusalOf(request: XMLHttpRequest): Problem {
  try {
    const {
      code = "",
      title = "",
      detail = "",
    } = JSON.parse(request.responseText) as {
      code?: string;
      title?: string;
      detail?: string;
    };
    return new Problem(request.status, code, title, detail);
  } catch {
    const said = request.responseText.slice(0, 300);
    return new Problem(request.status, "", request.statusText, said);
  }
}

/** share: of the bytes that left, 0 to 1. Rejects with a Problem; with an AbortError when it is told to stop. */
export function upload<T>(
  method: "PUT" | "POST",
  address: string,
  media: string,
  body: Blob | string,
  onShare: (share: number) => void,
  signal?: AbortSignal,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const request = new XMLHttpRequest();
    const stop = () => request.abort();
    const end = () => signal?.removeEventListener("abort", stop);
    request.open(method, address);
    request.setRequestHeader("Content-Type", media);
    request.upload.onprogress = ({ loaded, total }) => onShare(total ? loaded / total : 0);
    request.upload.onload = () => onShare(1);
    request.onload = () => {
      end();
      serverAnswered();
      if (request.status < 200 || request.status > 299) reject(refusalOf(request));
      else
        try {
          resolve((request.responseText ? JSON.parse(request.responseText) : undefined) as T);
        } catch (error) {
          reject(error as Error);
        }
    };
    request.onerror = () => {
      end();
      serverSilent();
      reject(new Problem(0, "away", "", ""));
    };
    request.onabort = () => {
      end();
      reject(new DOMException("told to stop", "AbortError"));
    };
    signal?.addEventListener("abort", stop);
    request.send(body);
  });
}
