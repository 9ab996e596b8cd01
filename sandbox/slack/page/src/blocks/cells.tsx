import type { Place } from "../context";
import { Display } from "../Display";
import { ElementView } from "../elements/ElementView";
import { withEmoji } from "../emoji";
import type { Json } from "../types";

export function Cell({ cell, block, place }: { cell: Json; block: Json; place: Place }) {
  if (cell.type === "action_cell") return <ElementView element={cell.element} block={block} place={place} />;
  if (cell.type === "rich_text") return <Display blocks={[cell]} />;
  return <>{withEmoji(words(cell))}</>;
}

/** What is read in a cell. */
export function words(cell: Json): string {
  if (cell.type === "raw_number") return cell.text ?? String(cell.value);
  if (cell.type === "raw_text") return cell.text;
  if (cell.type === "action_cell") return cell.element.text.text;
  return (cell.elements ?? []).map(within).join(" ");
}

function within(node: Json): string {
  return node.text ?? node.name ?? (node.elements ?? []).map(within).join("");
}
