import type { ReactNode } from "react";
import { Alert } from "./blocks/Alert";
import { Card, Carousel } from "./blocks/Card";
import { Chart } from "./blocks/Chart";
import { Container } from "./blocks/Container";
import { DataTable } from "./blocks/DataTable";
import { Guard } from "./blocks/Guard";
import { Plan, Task } from "./blocks/Plan";
import { Table } from "./blocks/Table";
import type { Place } from "./context";
import { Display } from "./Display";
import { ElementView } from "./elements/ElementView";
import { withEmoji } from "./emoji";
import { Text } from "./Mrkdwn";
import { source } from "./source";
import type { Json } from "./types";

export function Blocks({ blocks, place }: { blocks: Json[]; place: Place }) {
  return (
    <div className="blocks">
      {blocks.map((block, index) => (
        <div className={`block block-${block.type}`} data-testid={`block-${block.type}`} key={block.block_id ?? index}>
          <Guard kind={block.type}>{draw(block, place)}</Guard>
        </div>
      ))}
    </div>
  );
}

function draw(block: Json, place: Place): ReactNode {
  if (block.type === "actions" || block.type === "context_actions") return <Actions block={block} place={place} />;
  if (block.type === "input") return <Input block={block} place={place} />;
  if (block.type === "section") return <Section block={block} place={place} />;
  if (block.type === "header") return <h3 className={`header level-${block.level ?? 2}`}>{withEmoji(block.text.text)}</h3>;
  if (block.type === "context") return <Context block={block} />;
  if (block.type === "divider") return <hr />;
  if (block.type === "image") return <Picture block={block} />;
  if (block.type === "file") return <span className="file">Remote file {block.external_id}</span>;
  if (block.type === "data_table") return <DataTable block={block} place={place} />;
  if (block.type === "table") return <Table block={block} place={place} />;
  if (block.type === "data_visualization") return <Chart block={block} />;
  if (block.type === "container")
    return (
      <Container block={block}>
        <Blocks blocks={block.child_blocks} place={place} />
      </Container>
    );
  if (block.type === "card") return <Card block={block} place={place} />;
  if (block.type === "carousel") return <Carousel block={block} place={place} />;
  if (block.type === "alert") return <Alert block={block} />;
  if (block.type === "plan") return <Plan block={block} />;
  if (block.type === "task_card") return <Task task={block} />;
  return <Display blocks={[block]} />;
}

function Section({ block, place }: { block: Json; place: Place }) {
  const { accessory } = block;
  if (!accessory) return <Words block={block} />;
  return (
    <div className={accessory.type === "checkboxes" || accessory.type === "radio_buttons" ? "section tall" : "section"}>
      <div className="section-text">
        <Words block={block} />
      </div>
      <div className="accessory">
        {accessory.type === "image" ? (
          <img src={source(accessory)} alt={accessory.alt_text} />
        ) : (
          <ElementView element={accessory} block={block} place={place} />
        )}
      </div>
    </div>
  );
}

function Words({ block }: { block: Json }) {
  return (
    <>
      {block.text && <Text text={block.text} />}
      {block.fields && (
        <div className="fields">
          {block.fields.map((field: Json, index: number) => (
            <Text key={index} text={field} />
          ))}
        </div>
      )}
    </>
  );
}

function Context({ block }: { block: Json }) {
  return (
    <div className="context">
      {block.elements.map((element: Json, index: number) =>
        element.type === "image" ? (
          <img key={index} src={source(element)} alt={element.alt_text} />
        ) : (
          <Text key={index} text={element} />
        ),
      )}
    </div>
  );
}

function Actions({ block, place }: { block: Json; place: Place }) {
  return (
    <div className="actions">
      {block.elements.map((element: Json) => (
        <ElementView key={element.action_id} element={element} block={block} place={place} />
      ))}
    </div>
  );
}

function Input({ block, place }: { block: Json; place: Place }) {
  const error = place.errors[block.block_id];
  return (
    <div className={error ? "input wrong" : "input"} data-block-id={block.block_id}>
      <label className="input-label">
        {withEmoji(block.label.text)}
        {block.optional && <span className="optional"> (optional)</span>}
      </label>
      <ElementView element={block.element} block={block} place={place} />
      {error && (
        <div className="input-error" role="alert" data-testid="input-error">
          {error}
        </div>
      )}
      {block.hint && <div className="hint">{withEmoji(block.hint.text)}</div>}
    </div>
  );
}

function Picture({ block }: { block: Json }) {
  return (
    <figure>
      {block.title && <figcaption>{withEmoji(block.title.text)}</figcaption>}
      <img src={source(block)} alt={block.alt_text} />
    </figure>
  );
}
