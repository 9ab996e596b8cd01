import { useState } from "react";
import { Blocks } from "./Blocks";
import { useDesk } from "./context";
import { withEmoji } from "./emoji";
import { useEscape } from "./escape";
import { flushInputs, inOrder } from "./pending";
import type { View } from "./types";

/** The topmost view of the person's stack. */
export function Modal({ view, depth }: { view: View; depth: number }) {
  const { run } = useDesk();
  const [busy, setBusy] = useState(false);

  async function submit() {
    setBusy(true);
    await flushInputs(view.id);
    await inOrder(view.id, () => run("submit", { where: view.id }));
    setBusy(false);
  }

  const close = (everything: boolean) => void run("close_view", { where: view.id, everything });
  useEscape(() => close(false));
  const place = { where: view.id, kind: "view" as const, state: view.state.values, errors: view.errors };
  return (
    <div className="veil">
      <form
        className="dialog"
        role="dialog"
        aria-modal="true"
        aria-label={view.title?.text}
        data-testid="modal"
        onSubmit={(event) => {
          event.preventDefault();
          if (view.submit) void submit();
        }}
      >
        <header>
          {depth > 1 && (
            <button type="button" className="plain" aria-label="Back" onClick={() => close(false)}>
              ‹
            </button>
          )}
          <h2>{withEmoji(view.title?.text ?? "")}</h2>
          <button type="button" className="plain cross" aria-label="Close" data-testid="modal-cross" onClick={() => close(true)}>
            ×
          </button>
        </header>
        <div className="dialog-body">
          {view.trouble && (
            <div className="trouble" role="alert">
              ⚠️ {view.trouble}
            </div>
          )}
          <Blocks blocks={view.blocks} place={place} />
        </div>
        <footer>
          <button type="button" className="button" data-testid="modal-close" onClick={() => close(false)}>
            {withEmoji(view.close?.text ?? (view.submit ? "Cancel" : "Close"))}
          </button>
          {view.submit && (
            <button type="submit" className="button primary" data-testid="modal-submit" disabled={busy} aria-busy={busy}>
              {withEmoji(view.submit.text)}
            </button>
          )}
        </footer>
      </form>
    </div>
  );
}
