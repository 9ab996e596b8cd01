/** Text that was typed but not handed to the sandbox yet, by where it stands. */
export const pendingInputs = new Map<string, () => Promise<void>>();

export async function flushInputs(where: string): Promise<void> {
  for (const [key, hand] of [...pendingInputs]) if (key.startsWith(`${where}/`)) await hand();
}
