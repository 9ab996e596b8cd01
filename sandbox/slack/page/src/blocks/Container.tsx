import { type ReactNode, useId, useState } from "react";
import { Display } from "../Display";
import { withEmoji } from "../emoji";
import { Text } from "../Mrkdwn";
import { source } from "../source";
import type { Json } from "../types";

/** Blocks under a title. Folding is the reader's own: the app hears nothing of it. */
export function Container({ block, children }: { block: Json; children: ReactNode }) {
  const [folded, setFolded] = useState(Boolean(block.is_collapsible && block.default_collapsed));
  const inside = useId();
  const head = (
    <>
      {block.icon && <img src={source(block.icon)} alt={block.icon.alt_text} />}
      <span className="container-title">
        {block.rich_text_title ? <Display blocks={[block.rich_text_title]} /> : <strong>{withEmoji(block.title.text)}</strong>}
        {block.subtitle && (
          <small>
            <Text text={block.subtitle} />
          </small>
        )}
      </span>
    </>
  );
  return (
    <section className={`container ${block.width ?? "standard"}`}>
      {block.is_collapsible ? (
        <button type="button" className="container-head" data-testid="fold" aria-expanded={!folded} aria-controls={inside} onClick={() => setFolded(!folded)}>
          {head}
          <span className="fold" aria-hidden="true">
            {folded ? "▸" : "▾"}
          </span>
        </button>
      ) : (
        <div className={block.has_header_divider ? "container-head parted" : "container-head"}>{head}</div>
      )}
      <div className="container-body" id={inside} hidden={folded}>
        {children}
      </div>
    </section>
  );
}
