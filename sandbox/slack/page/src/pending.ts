/** Text that was typed but not handed to the sandbox yet, by where it stands. */
export const pendingInputs = new Map<string, () => Promise<void>>();

const onTheirWay = new Map<string, Promise<unknown>>();

/** Sends what is done in a view or message after what was done there before: a submit must not overtake a choice. */
export function inOrder<T>(where: string, send: () => Promise<T>): Promise<T> {
  const sent = (onTheirWay.get(where) ?? Promise.resolve()).then(send, send);
  onTheirWay.set(where, sent);
  const forget = () => void (onTheirWay.get(where) === sent && onTheirWay.delete(where));
  sent.then(forget, forget);
  return sent;
}

export async function flushInputs(where: string): Promise<void> {
  for (const [key, hand] of [...pendingInputs]) if (key.startsWith(`${where}/`)) await hand();
}
