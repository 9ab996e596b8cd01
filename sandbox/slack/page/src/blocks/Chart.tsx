import {
  ArcElement,
  BarController,
  BarElement,
  CategoryScale,
  Chart as Drawing,
  type ChartConfiguration,
  Filler,
  Legend,
  LinearScale,
  LineController,
  LineElement,
  PieController,
  PointElement,
  Tooltip,
} from "chart.js";
import { useEffect, useRef } from "react";
import type { Json } from "../types";

Drawing.register(
  ArcElement, BarController, BarElement, CategoryScale, Filler, Legend, LinearScale, LineController, LineElement,
  PieController, PointElement, Tooltip,
);

/** Slack chooses the colours; an app cannot. */
const COLORS = [
  "#1264a3", "#2bac76", "#e8912d", "#7c3085", "#e01e5a", "#36c5f0", "#8d6e63", "#616061", "#b8860b", "#4a154b",
  "#00897b", "#c2185b",
];

/** A line, area, bar or pie chart, with the same figures as a table for those who do not see it. */
export function Chart({ block }: { block: Json }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const figures = JSON.stringify(block.chart);
  useEffect(() => {
    if (!canvas.current) return;
    const drawing = new Drawing(canvas.current, configuration(JSON.parse(figures)));
    return () => drawing.destroy();
  }, [figures]);
  return (
    <figure className="chart">
      <figcaption>{block.title}</figcaption>
      <div className="chart-canvas">
        <canvas ref={canvas} role="img" aria-label={`${block.chart.type} chart: ${block.title}`} />
      </div>
      <Figures chart={block.chart} />
    </figure>
  );
}

function Figures({ chart }: { chart: Json }) {
  const names: string[] = chart.series ? chart.series.map((one: Json) => one.name) : ["Value"];
  const labels: string[] = chart.axis_config?.categories ?? chart.segments.map((one: Json) => one.label);
  return (
    <table className="unseen-table" data-testid="chart-figures">
      <thead>
        <tr>
          <th>{chart.axis_config?.x_label}</th>
          {names.map((name) => (
            <th key={name}>{name}</th>
          ))}
        </tr>
      </thead>
      <tbody>
        {labels.map((label, row) => (
          <tr key={label}>
            <th>{label}</th>
            {names.map((name, index) => (
              <td key={name}>{chart.series ? point(chart.series[index], label) : chart.segments[row].value}</td>
            ))}
          </tr>
        ))}
      </tbody>
    </table>
  );
}

function point(series: Json, label: string): number {
  return series.data.find((one: Json) => one.label === label).value;
}

function configuration(chart: Json): ChartConfiguration {
  const common = { animation: false as const, responsive: true, maintainAspectRatio: false };
  if (chart.type === "pie")
    return {
      type: "pie",
      data: {
        labels: chart.segments.map((one: Json) => one.label),
        datasets: [{ data: chart.segments.map((one: Json) => one.value), backgroundColor: COLORS }],
      },
      options: { ...common, plugins: { legend: { position: "right" } } },
    };
  const { categories, x_label: x, y_label: y } = chart.axis_config;
  return {
    type: chart.type === "bar" ? "bar" : "line",
    data: {
      labels: categories,
      datasets: chart.series.map((series: Json, index: number) => ({
        label: series.name,
        data: categories.map((label: string) => point(series, label)),
        borderColor: COLORS[index],
        backgroundColor: chart.type === "area" ? `${COLORS[index]}40` : COLORS[index],
        fill: chart.type === "area",
        // The first series lies at the back.
        order: chart.series.length - index,
        borderWidth: 2,
        pointRadius: 3,
      })),
    },
    options: {
      ...common,
      plugins: { legend: { position: "bottom", display: chart.series.length > 1, reverse: true } },
      scales: {
        x: { title: { display: Boolean(x), text: x } },
        y: { title: { display: Boolean(y), text: y } },
      },
    },
  };
}
