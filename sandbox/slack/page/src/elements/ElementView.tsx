import { useState } from "react";
import { Confirm } from "../Confirm";
import { type Place, useDesk } from "../context";
import { inOrder } from "../pending";
import type { Json } from "../types";
import { Button } from "./Button";
import { Choices } from "./Choices";
import { IconButton, Opinions } from "./Opinions";
import { Overflow } from "./Overflow";
import { Picker } from "./Picker";
import { Select } from "./Select";
import { TextInput } from "./TextInput";

/** What each kind of element is given: how it looks, what is chosen, and how to choose. */
export interface ElementProps {
  element: Json;
  /** The element's entry in the state, if it holds one. */
  chosen: Json | undefined;
  busy: boolean;
  /** Resolves to whether it counts: it may be refused, or not be confirmed. */
  choose: (value: unknown, label?: string) => Promise<boolean>;
  place: Place;
  block: Json;
}

export function ElementView({ element, block, place }: { element: Json; block: Json; place: Place }) {
  const { run } = useDesk();
  const [busy, setBusy] = useState(false);
  const [asking, setAsking] = useState<null | ((yes: boolean) => void)>(null);
  const silent = block.type === "input" && !block.dispatch_action;

  async function send(value: unknown, label?: string): Promise<boolean> {
    const body = { where: place.where, action_id: element.action_id, block_id: block.block_id, value, label };
    setBusy(!silent);
    const answer = await inOrder(place.where, () => run(silent ? "set_input" : "press", body));
    setBusy(false);
    return answer !== null;
  }

  async function choose(value: unknown, label?: string): Promise<boolean> {
    const yes = !element.confirm || (await new Promise<boolean>((answer) => setAsking(() => answer)));
    setAsking(null);
    return yes && send(value, label);
  }

  const chosen = place.state[block.block_id]?.[element.action_id];
  const props: ElementProps = { element, chosen, busy, choose, place, block };
  return (
    <>
      {shape(props)}
      {asking && (
        <Confirm
          dialog={element.confirm}
          no={() => asking(false)}
          yes={() => asking(true)}
        />
      )}
    </>
  );
}

function shape(props: ElementProps) {
  const kind: string = props.element.type;
  if (kind === "button") return <Button {...props} />;
  if (kind === "icon_button") return <IconButton {...props} />;
  if (kind === "feedback_buttons") return <Opinions {...props} />;
  if (kind === "overflow") return <Overflow {...props} />;
  if (kind === "checkboxes" || kind === "radio_buttons") return <Choices {...props} />;
  if (kind.endsWith("_select")) return <Select {...props} />;
  if (kind.endsWith("picker")) return <Picker {...props} />;
  return <TextInput {...props} />;
}
