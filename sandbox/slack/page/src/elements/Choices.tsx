import { Text } from "../Mrkdwn";
import { withEmoji } from "../emoji";
import type { Json } from "../types";
import type { ElementProps } from "./ElementView";
import { useGuess } from "./guess";

/** Checkboxes and radio buttons. */
export function Choices({ element, chosen, busy, choose, block, place }: ElementProps) {
  const many = element.type === "checkboxes";
  const given: string[] = many
    ? (chosen?.selected_options ?? element.initial_options ?? []).map((option: Json) => option.value)
    : [(chosen ? chosen.selected_option : element.initial_option)?.value];
  const [picked, setGuess] = useGuess(given, (value) => value ?? "");

  async function toggle(value: string) {
    const rest = picked.filter((one) => one !== value);
    const next = !many ? [value] : picked.includes(value) ? rest : [...rest, value];
    setGuess(next);
    if (!(await choose(many ? next : value))) setGuess(null);
  }

  return (
    <div className="choices" role="group" data-testid={element.type} data-action-id={element.action_id}>
      {element.options.map((option: Json) => (
        <label className="choice" key={option.value}>
          <input
            type={many ? "checkbox" : "radio"}
            name={`${place.where}-${block.block_id}-${element.action_id}`}
            value={option.value}
            checked={picked.includes(option.value)}
            disabled={busy}
            onChange={() => void toggle(option.value)}
          />
          <span>
            <Label text={option.text} />
            {option.description && (
              <small>
                <Label text={option.description} />
              </small>
            )}
          </span>
        </label>
      ))}
    </div>
  );
}

function Label({ text }: { text: Json }) {
  return text.type === "mrkdwn" ? <Text text={text} /> : <>{withEmoji(text.text)}</>;
}
