import { useDesk } from "../context";
import { withEmoji } from "../emoji";
import type { ElementProps } from "./ElementView";

/** Two buttons, of which one says yes and the other no. */
export function Opinions({ element, busy, choose }: ElementProps) {
  return (
    <span className="opinions" role="group" data-action-id={element.action_id}>
      {[element.positive_button, element.negative_button].map((one) => (
        <button
          type="button"
          className="button quiet"
          key={one.value}
          disabled={busy}
          aria-label={one.accessibility_label}
          data-testid="button"
          data-action-id={element.action_id}
          onClick={() => choose(one.value, one.text.text)}
        >
          {withEmoji(one.text.text)}
        </button>
      ))}
    </span>
  );
}

/** A button that is an icon; the only one that Slack has is the bin. */
export function IconButton({ element, busy, choose }: ElementProps) {
  const { me } = useDesk();
  if (element.visible_to_user_ids && !element.visible_to_user_ids.includes(me)) return null;
  return (
    <button
      type="button"
      className="button quiet"
      disabled={busy}
      title={element.text.text}
      aria-label={element.accessibility_label ?? element.text.text}
      data-testid="button"
      data-action-id={element.action_id}
      onClick={() => choose(element.value, element.text.text)}
    >
      🗑️
    </button>
  );
}
