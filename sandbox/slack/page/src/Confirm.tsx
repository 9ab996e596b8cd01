import { createPortal } from "react-dom";
import { Text } from "./Mrkdwn";
import { withEmoji } from "./emoji";
import { useEscape } from "./escape";
import type { Json } from "./types";

/** The confirmation dialog of an element. */
export function Confirm({ dialog, yes, no }: { dialog: Json; yes: () => void; no: () => void }) {
  useEscape(no);
  return createPortal(
    <div className="veil above">
      <div className="dialog small" role="alertdialog" aria-label={dialog.title.text} data-testid="confirm">
        <header>
          <h2>{withEmoji(dialog.title.text)}</h2>
        </header>
        <div className="dialog-body">
          <Text text={dialog.text} />
        </div>
        <footer>
          <button type="button" className="button" data-testid="confirm-deny" onClick={no}>
            {withEmoji(dialog.deny.text)}
          </button>
          <button
            type="button"
            className={`button ${dialog.style === "danger" ? "danger-solid" : "primary"}`}
            data-testid="confirm-yes"
            onClick={yes}
          >
            {withEmoji(dialog.confirm.text)}
          </button>
        </footer>
      </div>
    </div>,
    document.body,
  );
}
