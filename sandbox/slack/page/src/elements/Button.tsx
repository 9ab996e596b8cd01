import { useDesk } from "../context";
import { withEmoji } from "../emoji";
import { spotOf } from "../permalink";
import type { ElementProps } from "./ElementView";

export function Button({ element, busy, choose }: ElementProps) {
  const { visit } = useDesk();

  function click() {
    const spot = element.url && spotOf(element.url);
    if (spot) visit(spot);
    else if (element.url) window.open(element.url, "_blank", "noopener");
    choose(element.value, element.text.text);
  }
  return (
    <button
      type="button"
      className={`button ${element.style ?? ""}`}
      disabled={busy}
      data-testid="button"
      data-action-id={element.action_id}
      aria-label={element.accessibility_label}
      aria-busy={busy}
      onClick={click}
    >
      {withEmoji(element.text.text)}
    </button>
  );
}
