import { useEffect, useRef, useState } from "react";
import { useDesk } from "../context";
import { inOrder, pendingInputs } from "../pending";
import type { ElementProps } from "./ElementView";

const TYPES: Record<string, string> = { email_text_input: "email", url_text_input: "url", number_input: "text" };

/** Text is kept here while one types, and handed over on pause, on leaving, and before a submit. */
export function TextInput({ element, chosen, choose, place, block }: ElementProps) {
  const { run } = useDesk();
  const given: string = (chosen ? chosen.value : element.initial_value) ?? "";
  const [text, setText] = useState(given);
  const typed = useRef(false);
  const key = `${place.where}/${block.block_id}/${element.action_id}`;

  useEffect(() => {
    if (!typed.current) setText(given);
  }, [given]);

  async function hand(value: string) {
    pendingInputs.delete(key);
    typed.current = false;
    const body = { where: place.where, action_id: element.action_id, block_id: block.block_id };
    await inOrder(place.where, () => run("set_input", { ...body, value: value || null }));
  }

  function change(value: string) {
    typed.current = true;
    setText(value);
    pendingInputs.set(key, () => hand(value));
    const when = element.dispatch_action_config?.trigger_actions_on ?? [];
    if (block.dispatch_action && when.includes("on_character_entered")) choose(value || null);
  }

  const common = {
    className: "text-input",
    value: text,
    "data-testid": element.type,
    "data-action-id": element.action_id,
    "aria-label": block.label?.text,
    placeholder: element.placeholder?.text ?? "",
    autoFocus: element.focus_on_load === true,
    maxLength: element.max_length ?? 3000,
    onBlur: () => void pendingInputs.get(key)?.(),
  };
  if (element.multiline || element.type === "rich_text_input")
    return <textarea rows={4} {...common} onChange={(event) => change(event.target.value)} />;
  return (
    <input
      {...common}
      type={TYPES[element.type] ?? "text"}
      inputMode={element.type === "number_input" ? "decimal" : undefined}
      onChange={(event) => change(event.target.value)}
      onKeyDown={(event) => {
        if (event.key === "Enter" && block.dispatch_action) choose(text || null);
      }}
    />
  );
}
