import type { ElementProps } from "./ElementView";

const pad = (number: number) => String(number).padStart(2, "0");

function localMinute(seconds: number | undefined): string {
  if (!seconds) return "";
  const when = new Date(seconds * 1000);
  const day = `${when.getFullYear()}-${pad(when.getMonth() + 1)}-${pad(when.getDate())}`;
  return `${day}T${pad(when.getHours())}:${pad(when.getMinutes())}`;
}

/** Date, time, and date with time. */
export function Picker({ element, chosen, busy, choose }: ElementProps) {
  const common = {
    className: "picker",
    disabled: busy,
    "data-testid": element.type,
    "data-action-id": element.action_id,
    "aria-label": element.placeholder?.text ?? element.type,
  };
  if (element.type === "datetimepicker") {
    const value = localMinute(chosen ? chosen.selected_date_time : element.initial_date_time);
    return (
      <input
        {...common}
        type="datetime-local"
        value={value}
        onChange={(event) => event.target.value && choose(Math.floor(new Date(event.target.value).getTime() / 1000))}
      />
    );
  }
  const isDate = element.type === "datepicker";
  const value = isDate ? (chosen?.selected_date ?? element.initial_date) : (chosen?.selected_time ?? element.initial_time);
  return (
    <input
      {...common}
      type={isDate ? "date" : "time"}
      value={value ?? ""}
      onChange={(event) => choose(event.target.value || null)}
    />
  );
}
