import { useEffect, useRef, useState } from "react";
import { act } from "../api";
import { useDesk } from "../context";
import { withEmoji } from "../emoji";
import { useFit } from "../fit";
import { useOutside } from "../outside";
import type { Json, Overview } from "../types";
import type { ElementProps } from "./ElementView";
import { useGuess } from "./guess";

interface Option {
  value: string;
  label: string;
  note?: string;
  group?: string;
}

const toOption = (option: Json, group?: string): Option => ({
  value: option.value,
  label: option.text.text,
  note: option.description?.text,
  group,
});

function fixedOptions(element: Json, world: Overview): Option[] {
  if (element.type.includes("users"))
    return world.users.filter((u) => !u.is_bot).map((u) => ({ value: u.id, label: u.name, note: u.profile.title }));
  if (element.type.includes("channels") || element.type.includes("conversations"))
    return world.channels.filter((c) => !c.is_im).map((c) => ({ value: c.id, label: `#${c.name}` }));
  const grouped = (element.option_groups ?? []).flatMap((group: Json) =>
    group.options.map((option: Json) => toOption(option, group.label.text)),
  );
  return [...(element.options ?? []).map((option: Json) => toOption(option)), ...grouped];
}

function chosenOptions(chosen: Json | undefined, element: Json, all: Option[]): Option[] {
  const state = chosen ?? {
    selected_option: element.initial_option,
    selected_options: element.initial_options,
  };
  const given = state.selected_options ?? (state.selected_option ? [state.selected_option] : null);
  if (given) return given.map((option: Json) => toOption(option));
  const ids: string[] = [
    state.selected_user,
    state.selected_channel,
    state.selected_conversation,
    ...(state.selected_users ?? state.selected_channels ?? state.selected_conversations ?? []),
  ].filter(Boolean);
  return ids.map((id) => all.find((option) => option.value === id) ?? { value: id, label: id });
}

/** Every kind of select menu; external ones ask the app while one types. */
export function Select({ element, chosen, busy, choose, place, block }: ElementProps) {
  const { world, me } = useDesk();
  const many = element.type.startsWith("multi_");
  const external = element.type.includes("external");
  const [open, setOpen] = useState(false);
  const [query, setQuery] = useState("");
  const [found, setFound] = useState<Option[]>([]);
  const [looking, setLooking] = useState(false);
  const asked = useRef(0);
  const box = useOutside<HTMLDivElement>(() => setOpen(false));
  const menu = useFit<HTMLDivElement>(open);

  const fixed = fixedOptions(element, world);
  const [picked, setGuess] = useGuess(chosenOptions(chosen, element, fixed), (option) => option.value);
  const isPicked = (option: Option) => picked.some((one) => one.value === option.value);
  const needed = element.min_query_length ?? 3;

  useEffect(() => {
    if (!open || !external) return;
    if (query.length < needed) return setFound([]);
    const turn = ++asked.current;
    setLooking(true);
    const body = { where: place.where, action_id: element.action_id, block_id: block.block_id, query, user: me };
    const timer = setTimeout(async () => {
      const answer = await act("suggest", body).catch(() => ({ options: [] }));
      if (turn !== asked.current) return;
      setFound(answer.options.map((option: Json) => toOption(option)));
      setLooking(false);
    }, 200);
    return () => clearTimeout(timer);
  }, [open, external, query, needed, place.where, element.action_id, block.block_id, me]);

  const shown = external
    ? found
    : fixed.filter((option) => option.label.toLowerCase().includes(query.toLowerCase()));

  async function pick(option: Option) {
    setQuery("");
    if (!many) setOpen(false);
    const rest = picked.filter((one) => one.value !== option.value);
    const next = !many ? [option] : isPicked(option) ? rest : [...rest, option];
    setGuess(next);
    if (!(await choose(many ? next.map((one) => one.value) : option.value))) setGuess(null);
  }

  const placeholder = element.placeholder?.text ?? (many ? "Select options" : "Select an option");
  const empty = external && query.length < needed ? `Type at least ${needed} letters` : looking ? "Looking…" : "No results";
  return (
    <div className={`dropdown select ${many ? "many" : ""}`} ref={box} data-testid={element.type} data-action-id={element.action_id}>
      <div
        className="select-box"
        role="combobox"
        aria-expanded={open}
        aria-controls={`options-${element.action_id}`}
        aria-label={placeholder}
        tabIndex={open ? -1 : 0}
        aria-busy={busy}
        onClick={() => setOpen(true)}
        onKeyDown={(event) => event.key === "Enter" && setOpen(true)}
      >
        {many &&
          picked.map((option) => (
            <span className="chip" key={option.value}>
              {withEmoji(option.label)}
              <button
                type="button"
                aria-label={`Remove ${option.label}`}
                onClick={(event) => {
                  event.stopPropagation();
                  void pick(option);
                }}
              >
                ×
              </button>
            </span>
          ))}
        {open ? (
          <input
            autoFocus
            value={query}
            data-testid="select-query"
            placeholder={picked.length && !many ? picked[0].label : placeholder}
            onChange={(event) => setQuery(event.target.value)}
            onKeyDown={(event) => {
              if (event.key === "Escape") setOpen(false);
              if (event.key === "Enter" && shown.length) void pick(shown[0]);
              event.stopPropagation();
            }}
          />
        ) : (
          (!many || picked.length === 0) && (
            <span className={picked.length ? "" : "placeholder"}>
              {picked.length ? withEmoji(picked[0].label) : placeholder}
            </span>
          )
        )}
        <span className="caret">⌄</span>
      </div>
      {open && (
        <div className="menu" ref={menu} role="listbox" id={`options-${element.action_id}`}>
          {shown.length === 0 && <div className="menu-empty">{empty}</div>}
          {shown.map((option, index) => (
            <div key={option.value}>
              {option.group && option.group !== shown[index - 1]?.group && <div className="menu-group">{option.group}</div>}
              <button type="button" role="option" aria-selected={isPicked(option)} onClick={() => void pick(option)}>
                <span className="tick" aria-hidden="true">{isPicked(option) ? "✓" : ""}</span>
                {withEmoji(option.label)}
                {option.note && <small>{withEmoji(option.note)}</small>}
              </button>
            </div>
          ))}
        </div>
      )}
    </div>
  );
}
