import { Text } from "../Mrkdwn";
import type { Json } from "../types";

const SIGNS: Record<string, string> = { default: "ℹ️", info: "ℹ️", warning: "⚠️", error: "⛔", success: "✅" };

export function Alert({ block }: { block: Json }) {
  const level: string = block.level ?? "default";
  return (
    <div className={`alert ${level}`} role="note" data-level={level}>
      <span aria-label={level}>{SIGNS[level]}</span>
      <Text text={block.text} />
    </div>
  );
}
