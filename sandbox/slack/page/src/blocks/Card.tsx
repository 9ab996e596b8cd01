import type { Place } from "../context";
import { ElementView } from "../elements/ElementView";
import { Text } from "../Mrkdwn";
import { source } from "../source";
import type { Json } from "../types";

const ICONS: Record<string, string> = {
  check: "✅", bug: "🐞", bot: "🤖", calendar: "📅", clipboard: "📋", code: "💻", comment: "💬", cube: "📦",
  book: "📘", bookmark: "🔖", archive: "🗄️", call: "📞", compass: "🧭", copy: "📑", download: "📥",
};

export function Card({ block, place }: { block: Json; place: Place }) {
  return (
    <div className="card">
      {block.hero_image && <img className="hero" src={source(block.hero_image)} alt={block.hero_image.alt_text} />}
      <div className="card-inside">
        <div className="card-head">
          {block.icon && <img src={source(block.icon)} alt={block.icon.alt_text} />}
          {block.slack_icon && <span className="slack-icon">{ICONS[block.slack_icon.name] ?? "◆"}</span>}
          <div>
            {block.title && (
              <div className="card-title">
                <Text text={block.title} />
              </div>
            )}
            {block.subtitle && (
              <small>
                <Text text={block.subtitle} />
              </small>
            )}
          </div>
        </div>
        {block.body && <Text text={block.body} />}
        {block.subtext && (
          <small>
            <Text text={block.subtext} />
          </small>
        )}
        {block.actions && (
          <div className="actions">
            {block.actions.map((element: Json) => (
              <ElementView key={element.action_id} element={element} block={block} place={place} />
            ))}
          </div>
        )}
      </div>
    </div>
  );
}

/** Cards side by side, to be moved sideways. */
export function Carousel({ block, place }: { block: Json; place: Place }) {
  return (
    <div className="carousel" tabIndex={0}>
      {block.elements.map((card: Json, index: number) => (
        <div data-testid="block-card" key={card.block_id ?? index}>
          <Card block={card} place={place} />
        </div>
      ))}
    </div>
  );
}
