import type { Json } from "./types";

/** One action of the control API. Throws an Error with the sandbox's own words. */
export async function act<T = Json>(name: string, body: Json = {}): Promise<T> {
  const response = await fetch(`/sandbox/${name}`, {
    method: "POST",
    headers: { "Content-Type": "application/json" },
    body: JSON.stringify(body),
  });
  const answer = await response.json();
  if (!response.ok) throw new Error(answer.error ?? response.statusText);
  return answer as T;
}

/** Calls back after every change in the workspace; returns how to stop. */
export function follow(changed: () => void): () => void {
  const source = new EventSource("/sandbox/live");
  source.onmessage = changed;
  return () => source.close();
}
