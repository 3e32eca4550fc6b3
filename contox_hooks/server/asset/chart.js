// Draws what stands in a chart's table (macro `chart`): bars over days. The table stays for whoever cannot see it.
(() => {
  "use strict";
  const plots = new Map();

  function numbers(table) {
    const rows = [...table.tBodies[0].rows];
    const days = rows.map((row) => Date.parse(row.cells[0].textContent) / 1000);
    const count = table.tHead.rows[0].cells.length - 1;
    return [days, ...Array.from({ length: count }, (_, n) => rows.map((row) => Number(row.cells[n + 1].textContent)))];
  }

  function draw(figure) {
    const table = figure.querySelector("details table");
    const place = figure.querySelector(".plot");
    const colour = (name) => {
      place.style.color = `var(${name})`; // a canvas knows no variables, and not which theme is on
      return getComputedStyle(place).color;
    };
    const axis = { stroke: colour("--soft"), grid: { stroke: colour("--line"), width: 1 }, ticks: { show: false } };
    const labels = [...table.tHead.rows[0].cells].slice(1).map((cell) => cell.textContent);
    const fills = [colour("--chart-1"), colour("--chart-2")];
    place.style.color = "";
    const data = numbers(table);
    const series = labels.map((label, n) => ({
      label, fill: fills[n], stroke: fills[n], width: 0, points: { show: false },
      paths: uPlot.paths.bars({ size: [0.4, 24], align: n ? 1 : -1 }),
    }));
    plots.get(figure)?.destroy();
    plots.set(figure, new uPlot({
      width: place.clientWidth, height: 180, tzDate: (s) => uPlot.tzDate(new Date(s * 1e3), "Etc/UTC"),
      cursor: { drag: { x: false, y: false } },
      scales: { y: { range: (_, low, high) => [0, Math.max(high, 4)] } },
      axes: [
        { ...axis, values: "{MMM} {D}", space: 60 },
        { ...axis, size: 40, incrs: [1, 2, 5, 10, 20, 50, 100, 200, 500, 1e3, 2e3, 5e3, 1e4, 1e5, 1e6] },
      ],
      series: [{ label: "Day", value: "{YYYY}-{MM}-{DD}" }, ...series],
    }, data, place));
  }

  function all() {
    for (const [figure, plot] of plots) {
      if (!figure.isConnected) { plot.destroy(); plots.delete(figure); }
    }
    for (const figure of document.querySelectorAll("[data-chart]")) draw(figure);
  }

  let waiting;
  addEventListener("resize", () => { cancelAnimationFrame(waiting); waiting = requestAnimationFrame(all); });
  addEventListener("theme", all);
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", all);
  document.addEventListener("htmx:afterSwap", all);
  all();
})();
